"""The main job: images in, one supernet trained once, a verified int8 model per scenario out.

    python -m tofa_tf.run --dataset=digits --labels_per_class=5 --workdir=runs/digits \
        --scenarios="macs=0.5M;macs=1M;flash_kib=96,arena_kib=64" --steps=300

Training continues where an interrupted one stopped; finished scenarios are not made again; further
scenarios of a trained supernet take seconds each. `report.json` is described in BUILD.md.
"""

from collections.abc import Sequence

from absl import flags

from tflite_export.convert.quantize_model import Method, parse_quantization
from tflite_export.devices.boards import list_boards, load_boards
from tflite_export.devices.npus import NPUS
from tflite_export.firmware.generate import PLATFORMS, check_platforms
from tflite_export.runtimes.vela import wanted_npus
from tofa_tf import train
from tofa_tf.app import cli
from tofa_tf.common.errors import UserError
from tofa_tf.common.progress import Progress
from tofa_tf.deploy.budgets import parse_scenarios
from tofa_tf.deploy.deploy import deploy
from tofa_tf.deploy.deployment import check_deployments, make_deployments
from tofa_tf.deploy.report import markdown_table
from tofa_tf.training.experiment import load_experiment, open_folder
from tofa_tf.training.trained_run import train_or_load

_SCENARIOS = flags.DEFINE_string(
    "scenarios",
    "",
    "Budgets of every deployment: resource=number,...;... with macs, params, flash_kib, arena_kib.",
)
_BOARDS = flags.DEFINE_string(
    "boards", "", "Boards to deploy to, and files of your own boards; or: list."
)
_QUANTIZATION = flags.DEFINE_enum(
    "quantization",
    Method.PTQ,
    list(Method),
    "How models become int8: after training (ptq, seconds a model), by training (qat, a minute or "
    "more), or auto: qat for those where ptq loses more than --tolerance.",
)
_TOLERANCE = flags.DEFINE_float(
    "tolerance", 0.5, "Of auto: estimated loss of accuracy in percentage points."
)
_VELA = flags.DEFINE_string(
    "vela", "", f"Ethos-U to compile every model for, beside those of boards: {', '.join(NPUS)}."
)
_FIRMWARE = flags.DEFINE_list(
    "firmware", [], f"Firmware projects for every scenario: {', '.join(PLATFORMS)}."
)


def main(argv: Sequence[str]) -> None:
    """Runs the whole job and prints the table."""
    del argv
    if _BOARDS.value == "list":
        print(list_boards())
        return
    # Before any work: what the user can have got wrong.
    boards = load_boards(_BOARDS.value) if _BOARDS.value else []
    wanted_npus(_VELA.value, boards)
    quantization = parse_quantization(_QUANTIZATION.value, _TOLERANCE.value, train.SEED.value)
    check_platforms(_FIRMWARE.value)
    scenarios = parse_scenarios(_SCENARIOS.value) if _SCENARIOS.value or not boards else []
    experiment = load_experiment(train.settings_from_flags())
    deployments = make_deployments(scenarios, boards, quantization, _VELA.value)
    check_deployments(deployments, experiment.space, experiment.num_classes, experiment.channels)
    folder = open_folder(experiment, train.WORKDIR.value, overwrite=train.OVERWRITE.value)
    with Progress(experiment.config.steps) as progress:
        run = train_or_load(experiment, folder, progress.step)
    deployed = deploy(
        run, deployments, platforms=_FIRMWARE.value, say=lambda text: print(text, flush=True)
    )
    if deployed.report.scenarios:
        table = markdown_table(deployed.report.scenarios)
        print(f"\n{table}\n\nreport: {folder / 'report.html'}")
    if deployed.failures:
        raise UserError("; ".join(deployed.failures))


if __name__ == "__main__":
    cli.run_script(main)
