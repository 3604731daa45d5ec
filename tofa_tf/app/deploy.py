"""Makes an int8 model for each board or budget from a trained run, in seconds each.

    tofa deploy runs/photos --boards=nano33ble,rp2040@100ms --firmware=pico

The settings of the training are read from the run's folder.
"""

from tflite_export.common.command import Command
from tflite_export.devices.boards import list_boards
from tofa_tf.app.main import run
from tofa_tf.deploy.settings import DeploySettings
from tofa_tf.training.settings import RunFolder, Settings, Workdir


def main(place: RunFolder, models: DeploySettings) -> None:
    """Makes the models and prints the table."""
    from pathlib import Path

    from tofa_tf.app.console import deploy_and_show, load_and_show, train_and_show
    from tofa_tf.common.errors import UserError
    from tofa_tf.common.workdir import reserved
    from tofa_tf.data.arrays import ARRAYS
    from tofa_tf.deploy.deployment import check_deployments
    from tofa_tf.deploy.targets import read_deployments
    from tofa_tf.training.trained_run import check_trained

    folder = Path(place.workdir)
    settings = Settings.of_run(folder)
    check_trained(folder)
    if settings.dataset == ARRAYS:
        raise UserError(
            f"{folder} was trained on arrays, which it does not hold: deploy it where they are, by "
            "tofa_tf.train(...).deploy(...)"
        )
    deployments = read_deployments(models, settings.train.seed)
    with reserved(folder):
        experiment = load_and_show(settings)
        check_deployments(
            deployments, experiment.space, experiment.num_classes, experiment.channels
        )
        trained = train_and_show(experiment, Workdir(place.workdir))
    deploy_and_show(trained, deployments, models.firmware)


COMMAND = Command(
    main,
    (RunFolder, DeploySettings),
    positional=("workdir",),
    others=(Settings, Workdir),
    answers={("boards", "list"): list_boards},
)

if __name__ == "__main__":
    run("deploy")
