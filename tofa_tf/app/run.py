r"""The whole job: images in, one supernet trained once, a verified int8 model per scenario out.

    tofa run digits --labels_per_class=5 --workdir=runs/digits --steps=300 \
        --boards=rp2040@100ms --scenarios="macs=1M;flash_kib=96,arena_kib=64"

Training continues where an interrupted one stopped; finished scenarios are not made again; further
scenarios of a trained supernet take seconds each. `report.json` is described in BUILD.md.
"""

from tflite_export.common.command import Command
from tflite_export.devices.boards import list_boards
from tofa_tf.app.main import run
from tofa_tf.deploy.settings import DeploySettings
from tofa_tf.training.settings import Settings, Workdir


def main(settings: Settings, place: Workdir, models: DeploySettings) -> None:
    """Runs the whole job and prints the table."""
    from tofa_tf.app import console
    from tofa_tf.common.workdir import reserved
    from tofa_tf.deploy.deployment import check_deployments
    from tofa_tf.deploy.targets import read_deployments
    from tofa_tf.training.together import together

    # Before any work: what the user can have got wrong.
    deployments = read_deployments(models, settings.train.seed)
    with (
        together(place, settings) as replicas,
        reserved(place.workdir if replicas.is_chief else None),
    ):
        experiment = console.load_and_show(settings, place.image_memory_mib)
        check_deployments(
            deployments, experiment.space, experiment.num_classes, experiment.channels
        )
        if not replicas.is_chief:
            console.assist_and_show(experiment, replicas)
            return
        trained = console.train_and_show(experiment, place, replicas)
    console.deploy_and_show(trained, deployments, models.firmware)


COMMAND = Command(
    main,
    (Settings, Workdir, DeploySettings),
    positional=("dataset",),
    answers={("boards", "list"): list_boards},
)

if __name__ == "__main__":
    run("run")
