"""The whole job: images in, one supernet trained once, a verified int8 model per scenario out.

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
    from tflite_export.convert.quantize_model import parse_quantization
    from tflite_export.devices.boards import load_boards
    from tflite_export.firmware.generate import check_platforms
    from tflite_export.runtimes.vela import wanted_npus
    from tofa_tf.common.errors import UserError
    from tofa_tf.common.progress import Progress
    from tofa_tf.deploy.budgets import parse_scenarios
    from tofa_tf.deploy.deploy import deploy
    from tofa_tf.deploy.deployment import check_deployments, make_deployments
    from tofa_tf.deploy.report import markdown_table
    from tofa_tf.training.experiment import load_experiment, open_folder
    from tofa_tf.training.trained_run import train_or_load

    # Before any work: what the user can have got wrong.
    boards = load_boards(models.boards) if models.boards else []
    wanted_npus(models.vela, boards)
    seed = settings.train.seed
    quantization = parse_quantization(models.quantization, models.tolerance, seed)
    check_platforms(models.firmware)
    scenarios = parse_scenarios(models.scenarios) if models.scenarios or not boards else []
    experiment = load_experiment(settings)
    deployments = make_deployments(scenarios, boards, quantization, models.vela)
    check_deployments(deployments, experiment.space, experiment.num_classes, experiment.channels)
    folder = open_folder(experiment, place.workdir, overwrite=place.overwrite)
    with Progress(experiment.config.steps) as progress:
        trained = train_or_load(experiment, folder, progress.step)
    deployed = deploy(
        trained, deployments, platforms=models.firmware, say=lambda text: print(text, flush=True)
    )
    if deployed.report.scenarios:
        table = markdown_table(deployed.report.scenarios)
        print(f"\n{table}\n\nreport: {folder / 'report.html'}")
    if deployed.failures:
        raise UserError("; ".join(deployed.failures))


COMMAND = Command(
    main,
    (Settings, Workdir, DeploySettings),
    positional=("dataset",),
    answers={("boards", "list"): list_boards},
)

if __name__ == "__main__":
    run("run")
