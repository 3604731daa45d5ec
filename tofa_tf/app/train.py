"""Trains one supernet; the same command continues an interrupted training.

tofa train photos/ --labels_per_class=20 --unlabelled=more/ --workdir=runs/photos
"""

from tflite_export.common.command import Command
from tofa_tf.app.main import run
from tofa_tf.deploy.settings import DeploySettings
from tofa_tf.training.settings import Settings, Workdir


def main(settings: Settings, place: Workdir) -> None:
    """Trains and says where the weights are."""
    from tofa_tf.common.progress import Progress
    from tofa_tf.training.experiment import load_experiment, open_folder
    from tofa_tf.training.trained_run import train_or_load
    from tofa_tf.training.trainer import WEIGHTS

    experiment = load_experiment(settings)
    folder = open_folder(experiment, place.workdir, overwrite=place.overwrite)
    with Progress(experiment.config.steps) as progress:
        train_or_load(experiment, folder, progress.step)
    print(f"trained: {folder / WEIGHTS}")


COMMAND = Command(main, (Settings, Workdir), positional=("dataset",), others=(DeploySettings,))

if __name__ == "__main__":
    run("train")
