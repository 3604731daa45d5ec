"""Trains one supernet; the same command continues an interrupted training.

    tofa train photos/ --labels_per_class=20 --unlabelled=more/ --workdir=runs/photos

Models for boards are then made by `tofa deploy runs/photos --boards=...`.
"""

from tflite_export.common.command import Command
from tofa_tf.app.main import run
from tofa_tf.deploy.settings import DeploySettings
from tofa_tf.training.settings import Settings, Workdir


def main(settings: Settings, place: Workdir) -> None:
    """Trains and says where the weights are."""
    from tofa_tf.app.console import assist_and_show, load_and_show, train_and_show
    from tofa_tf.common.workdir import reserved
    from tofa_tf.training.journal import WEIGHTS
    from tofa_tf.training.together import together

    with (
        together(place, settings) as replicas,
        reserved(place.workdir if replicas.is_chief else None),
    ):
        experiment = load_and_show(settings, place.image_memory_mib)
        if not replicas.is_chief:
            assist_and_show(experiment, replicas)
            return
        trained = train_and_show(experiment, place, replicas)
    print(f"trained: {trained.folder / WEIGHTS}")


COMMAND = Command(main, (Settings, Workdir), positional=("dataset",), others=(DeploySettings,))

if __name__ == "__main__":
    run("train")
