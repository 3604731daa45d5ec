"""The main job: images in, one supernet trained once, a verified int8 model per scenario out.

    python -m tofa_tf.run --dataset=digits --labels_per_class=5 --workdir=runs/digits \
        --scenarios="macs=0.5M;macs=1M;flash_kib=96,arena_kib=64" --steps=300

Training continues where an interrupted one stopped; finished scenarios are not made again; further
scenarios of a trained supernet take seconds each. `report.json` is described in BUILD.md.
"""

import contextlib
import importlib.metadata
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from absl import flags

from tflite_export.common.errors import ExportError
from tflite_export.convert.quantize_model import Method, parse_quantization
from tflite_export.convert.tf_keras_twin import folded_twin
from tflite_export.devices.boards import Board, list_boards, load_boards
from tflite_export.devices.npus import NPUS
from tflite_export.firmware.generate import PLATFORMS, check_platforms
from tflite_export.runtimes.tflm_pool import TflmPool
from tflite_export.runtimes.vela import wanted_npus
from tofa_tf import train
from tofa_tf.app import cli
from tofa_tf.common.errors import UserError
from tofa_tf.common.files import write_json
from tofa_tf.common.machine import describe_machine
from tofa_tf.common.progress import Progress
from tofa_tf.common.workdir import sha256
from tofa_tf.deploy.board import board_scenario
from tofa_tf.deploy.firmware import add_firmware
from tofa_tf.deploy.report import markdown_table, write_report
from tofa_tf.deploy.scenario import Deployment, finished_entry, run_scenario
from tofa_tf.nets.static_net import build_static
from tofa_tf.select.fixed_rule import check_fits_smallest, parse_scenarios
from tofa_tf.space.plan import make_plan
from tofa_tf.training.experiment import Experiment, load_experiment, open_folder, train_or_load
from tofa_tf.training.trainer import WEIGHTS, training_seconds

REPORT = "report.json"
_FORMAT = 1
_PACKAGES = (
    "tensorflow",
    "keras",
    "tf_keras",
    "tensorflow-model-optimization",
    "keras-cv",
    "tensorflow-datasets",
    "ai-edge-litert",
    "tflite_micro",
    "ethos-u-vela",
    "numpy",
)

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
    boards = load_boards(_BOARDS.value) if _BOARDS.value else []
    npus = wanted_npus(_VELA.value, boards)
    # Before any work: what the user can have got wrong.
    quantization = parse_quantization(_QUANTIZATION.value, _TOLERANCE.value, train.SEED.value)
    check_platforms(_FIRMWARE.value)
    scenarios = parse_scenarios(_SCENARIOS.value) if _SCENARIOS.value or not boards else []
    experiment = load_experiment(train.settings_from_flags())
    jobs = [(scenario, None) for scenario in scenarios]
    jobs += [(board_scenario(board, experiment.space), board) for board in boards]
    deployments = [
        Deployment(scenario, board, quantization, _npus_of(board, npus)) for scenario, board in jobs
    ]
    # Hours of training must not end in "does not fit" for all, or in a layer unfit for QAT.
    _check_some_fit(deployments, experiment)
    if quantization.method != Method.PTQ:
        _check_quantization(experiment)
    folder = open_folder(experiment, train.WORKDIR.value, overwrite=train.OVERWRITE.value)
    with Progress(experiment.config.steps) as progress:
        supernet = train_or_load(experiment, folder, progress.step).supernet
    weights_sha256 = sha256(folder / WEIGHTS)
    entries, failures = [], []
    with TflmPool() as tflm:
        for number, deployment in enumerate(deployments, 1):
            print(f"[{number}/{len(deployments)}] {deployment.scenario.name}", flush=True)
            try:
                entry = run_scenario(
                    deployment, supernet, experiment, folder, tflm, weights_sha256, entries
                )
                entries.append(entry)
                add_firmware(entry, _FIRMWARE.value, experiment, folder, tflm)
            # One impossible board must not cost the others their models.
            except UserError as error:
                failures.append(str(error))
            except ExportError as error:
                failures.append(f"scenario {deployment.scenario.name!r}: {error}")
    entries += _earlier(folder, {entry["name"] for entry in entries}, weights_sha256)
    if entries:
        report = _report(experiment, entries, failures, weights_sha256, folder)
        write_json(folder / REPORT, report)
        write_report(report, folder)
        print(f"\n{markdown_table(entries)}\n\nreport: {folder / 'report.html'}")
    if failures:
        raise UserError("; ".join(failures))


def _earlier(folder: Path, names: set[str], weights_sha256: str) -> list[dict[str, Any]]:
    """Entries of scenarios that were made before and not asked for this time."""
    others = sorted(path for path in (folder / "scenarios").glob("[!.]*") if path.name not in names)
    entries = (finished_entry(path, weights_sha256) for path in others)
    return [entry for entry in entries if entry]


def _npus_of(board: Board | None, npus: Sequence[str]) -> tuple[str, ...]:
    """Of the NPUs to compile for, the one asked for and the board's own."""
    own = (_VELA.value, board.npu if board else "")
    return tuple(npu for npu in npus if npu in own)


def _check_some_fit(deployments: Sequence[Deployment], experiment: Experiment) -> None:
    """Raises a UserError if a scenario, or every one of the boards, is beyond the whole space."""
    failures = []
    for deployment in deployments:
        try:
            check_fits_smallest(deployment.scenario, experiment.space, experiment.num_classes)
        except UserError as error:
            if deployment.board is None:
                raise
            failures.append(str(error))
    if failures and len(failures) == len(deployments):
        raise UserError("; ".join(failures))


def _versions() -> dict[str, str]:
    versions = {}
    for name in _PACKAGES:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            versions[name] = importlib.metadata.version(name)
    return versions


def _check_quantization(experiment: Experiment) -> None:
    """Raises an ExportError if the space has layers that cannot be trained in 8 bits."""
    space = experiment.space
    plan = make_plan(space, space.min_arch)
    model = build_static(space, plan, experiment.num_classes)
    folded_twin(model, np.zeros((1, *model.inputs[0].shape[1:]), np.float32))


def _report(
    experiment: Experiment,
    entries: list[dict[str, Any]],
    failures: list[str],
    weights_sha256: str,
    folder: Path,
) -> dict[str, Any]:
    """Puts together what `report.json` holds; BUILD.md documents every field."""
    settings = experiment.settings
    return {
        "format": _FORMAT,
        "dataset": experiment.dataset.name,
        "class_names": list(experiment.dataset.class_names),
        "labelled_images": len(experiment.labelled),
        "labels_per_class": settings.labels_per_class,
        "unlabelled_images": len(experiment.pool) - len(experiment.labelled),
        "test_images": len(experiment.dataset.test),
        "skipped_images": list(experiment.dataset.skipped),
        "search_space": experiment.space.name,
        "steps": experiment.config.steps,
        "seed": experiment.config.seed,
        "training_seconds": training_seconds(folder),
        "settings": settings.to_json(),
        "weights_sha256": weights_sha256,
        "machine": describe_machine(),
        "python": platform.python_version(),
        "versions": _versions(),
        "not_fitting": failures,
        "scenarios": entries,
    }


if __name__ == "__main__":
    cli.run_script(main)
