"""One trained supernet on every board, beside standard nets that one would choose by hand.

    python -m benchmarks.benchmark_devices --workdir=runs/cifar10/tofa_400 \
        --output=benchmarks/results/devices

The run must be trained. Each board gets the subnet of the fixed rule, timed from the sampler's log
to the verified int8 model; boards of the same subnet share its verification. The standard nets go
through the same exporter at the run's largest resolution; nobody has trained them, so that they
have sizes and latencies but no accuracy. Every latency is an estimate.
"""

import dataclasses
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.devices_report import OURS, PLOT, Row, devices_markdown, plot_devices
from benchmarks.results import CSV, Output, new_results, write_csv, write_table
from benchmarks.standard_nets import standard_nets
from tflite_export.common.command import Command, run_command
from tflite_export.common.settings import SettingsBase, setting
from tflite_export.devices.boards import Board, known_boards, load_boards
from tflite_export.exporting.export_settings import CalibrationData, ExportSettings
from tflite_export.exporting.exporter import export_model
from tflite_export.runtimes.tflm_pool import TflmPool
from tflite_export.runtimes.vela import NpuReport, wanted_npus
from tofa_tf.common.errors import UserError
from tofa_tf.deploy.deployment import make_deployments
from tofa_tf.deploy.results import BoardResult, ScenarioResult
from tofa_tf.deploy.scenario import REPRESENTATIVE_IMAGES, run_scenario
from tofa_tf.training.experiment import Experiment
from tofa_tf.training.settings import RunFolder
from tofa_tf.training.trained_run import TrainedRun, load_run


@dataclass(frozen=True)
class Options(SettingsBase):
    """What is measured."""

    boards: str = setting("Boards, and files of your own boards; by default all known.", "")


def main(place: RunFolder, output: Output, options: Options) -> None:
    """Makes every model for every board and writes the comparison."""
    boards = load_boards(options.boards or ",".join(known_boards()))
    run = load_run(place.workdir)
    with (
        new_results(output) as results,
        tempfile.TemporaryDirectory() as temporary,
        TflmPool() as tflm,
    ):
        rows = _subnets(boards, dataclasses.replace(run, folder=Path(temporary)), tflm)
        rows += _standard(boards, run.experiment, Path(temporary), tflm)
        write_csv(results / CSV, rows)
        plot_devices(rows, results / PLOT)
        write_table(results, devices_markdown(rows))


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


COMMAND = Command(main, (RunFolder, Output, Options))

if __name__ == "__main__":
    run_command(COMMAND)
