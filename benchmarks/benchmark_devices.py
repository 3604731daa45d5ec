"""One trained supernet on every board, beside standard nets that one would choose by hand.

    python -m benchmarks.benchmark_devices --dataset=cifar10 --labels_per_class=4 ... \
        --workdir=runs/cifar10 --output=benchmarks/results/devices

Takes the flags of the run in --workdir, which must be trained. Each board gets the subnet of the
fixed rule, timed from the sampler's log to the verified int8 model; boards of the same subnet share
its verification. The standard nets go through the same
exporter at the run's largest resolution; nobody has trained them, so that they have sizes and
latencies but no accuracy. Every latency is an estimate.
"""

import contextlib
import dataclasses
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.devices_report import write_devices
from benchmarks.results import TABLE, new_results
from benchmarks.standard_nets import standard_nets
from benchmarks.trained_run import load_trained_run
from tflite_export.common.command import Command, run_command
from tflite_export.common.settings import SettingsBase, setting
from tflite_export.devices.boards import Board, known_boards, load_boards
from tflite_export.export_settings import CalibrationData, ExportSettings
from tflite_export.exporter import export_model
from tflite_export.runtimes.tflm_pool import TflmPool
from tflite_export.runtimes.vela import NpuReport, wanted_npus
from tofa_tf.common.errors import UserError
from tofa_tf.deploy.deployment import make_deployments
from tofa_tf.deploy.results import BoardResult, ScenarioResult
from tofa_tf.deploy.scenario import REPRESENTATIVE_IMAGES, run_scenario
from tofa_tf.training.experiment import Experiment
from tofa_tf.training.settings import Settings, Workdir
from tofa_tf.training.trained_run import TrainedRun


@dataclass(frozen=True)
class Options(SettingsBase):
    """What this benchmark takes besides a training's settings."""

    output: str = setting("Folder for table, CSV and plot.")
    boards: str = setting("Boards, and files of your own boards; by default all known.", "")


OURS = "subnet"


@dataclass(frozen=True)
class Row:
    """One model on one board; blank is what is not known. Sizes are in bytes.

    Attributes:
        model: "subnet", or the name of a standard net.
        missing: what the board lacks for it, with the numbers; empty if it fits.
        latency_ms: estimate for the CPU, `latency_error` its relative error.
        npu_ms: Vela's estimate for the board's NPU.
        int8_accuracy: on the test images, 0 to 1.
        seconds: from sampler's log, or Keras model, to verified files.
    """

    board: str
    model: str
    missing: str
    macs: int | None = None
    flash_used: int | None = None
    flash_available: int | None = None
    arena_used: int | None = None
    arena_available: int | None = None
    latency_ms: float | None = None
    latency_error: float | None = None
    npu: str | None = None
    npu_ms: float | None = None
    int8_accuracy: float | None = None
    seconds: float | None = None


def main(settings: Settings, place: Workdir, options: Options) -> None:
    """Makes every model for every board and writes the comparison."""
    boards = load_boards(options.boards or ",".join(known_boards()))
    run = load_trained_run(settings, place)
    with contextlib.ExitStack() as stack:
        results = stack.enter_context(new_results(options.output, overwrite=place.overwrite))
        temporary = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        tflm = stack.enter_context(TflmPool())
        rows = _subnets(boards, dataclasses.replace(run, folder=temporary), tflm)
        rows += _standard(boards, run.experiment, temporary, tflm)
        write_devices(results, [asdict(row) for row in rows], OURS)
        print((results / TABLE).read_text(encoding="utf-8"))


def _subnets(boards: Sequence[Board], run: TrainedRun, tflm: TflmPool) -> list[Row]:
    rows: list[Row] = []
    made: list[ScenarioResult] = []
    wanted_npus("", boards)  # Says so where Vela is missing.
    for deployment in make_deployments([], boards):
        try:
            result = run_scenario(run, deployment, tflm, made)
        except UserError as error:
            rows.append(Row(deployment.name, OURS, missing=str(error)))
        else:
            made.append(result)
            npu = result.npus[0] if result.npus else None
            row = _row(OURS, result.board, "", npu, result.macs, result.seconds)
            rows.append(dataclasses.replace(row, int8_accuracy=result.int8_accuracy))
        print(rows[-1], flush=True)
    return rows


def _standard(
    boards: Sequence[Board], experiment: Experiment, folder: Path, tflm: TflmPool
) -> list[Row]:
    resolution = max(experiment.space.resolutions)
    images = experiment.calibration_images(resolution)
    rows = []
    for name, net in standard_nets(resolution, experiment.num_classes, images).items():
        start = time.perf_counter()
        report = export_model(
            net,
            CalibrationData(images[:REPRESENTATIVE_IMAGES]),
            folder / name,
            settings=ExportSettings(boards=tuple(boards), npus=wanted_npus("", boards)),
            tflm=tflm,
        )
        seconds = time.perf_counter() - start
        print(f"{name}: {report.macs / 1e6:.2f} MMACs, {seconds:.1f} s", flush=True)
        rows += [
            _row(name, BoardResult.of(board), board.missing, board.npu, report.macs, seconds)
            for board in report.boards
        ]
    return rows


def _row(
    model: str, board: BoardResult, missing: str, npu: NpuReport | None, macs: int, seconds: float
) -> Row:
    return Row(
        model=model,
        missing=missing,
        board=board.fit.board,
        macs=macs,
        flash_used=board.fit.flash_used,
        flash_available=board.fit.flash_available,
        arena_used=board.fit.arena_used,
        arena_available=board.fit.arena_available,
        latency_ms=board.latency_ms,
        latency_error=board.latency_relative_error,
        npu=npu.config if npu else None,
        npu_ms=npu.latency_ms if npu else None,
        seconds=seconds,
    )


COMMAND = Command(main, (Settings, Workdir, Options))

if __name__ == "__main__":
    run_command(COMMAND)
