"""What a verified model means on boards and NPUs, as records and as Markdown."""

from collections.abc import Sequence
from dataclasses import dataclass

from tflite_export.common.figures import digits
from tflite_export.common.markdown import escaped
from tflite_export.devices.boards import Board
from tflite_export.devices.fit import BoardFit, fit
from tflite_export.devices.latency import LatencyEstimate, estimate_latency
from tflite_export.graph.operators import OperatorGraph
from tflite_export.runtimes.vela import NpuReport
from tflite_export.runtimes.verify import Verification


@dataclass(frozen=True)
class BoardReport:
    """One model on one board.

    Attributes:
        fit: of the model on the CPU.
        latency: estimate for the CPU.
        npu: the same model on the board's NPU; None if there is none, or no Vela.
        latency_limit_ms: what the estimate must not exceed; None: no limit.
    """

    fit: BoardFit
    latency: LatencyEstimate
    npu: NpuReport | None = None
    latency_limit_ms: float | None = None

    @property
    def missing(self) -> str:
        """What the board lacks, with the numbers, for people; empty if the model suits it."""
        estimate, limit = self.latency.latency_ms, self.latency_limit_ms
        slow = ""
        if limit is not None and estimate > limit:
            slow = f"speed: estimate {digits(estimate)} ms of {digits(limit)} ms"
        return ", ".join(filter(None, (self.fit.missing, slow)))


def report_boards(
    file: OperatorGraph,
    verification: Verification,
    boards: Sequence[Board],
    npus: Sequence[NpuReport] = (),
) -> tuple[BoardReport, ...]:
    """Returns fit and latency estimate of a verified file for each board.

    Args:
        npus: what Vela made of the file; a board takes that of its own NPU, at its clock.
    """
    arena = verification.arena_bytes, verification.nonpersistent_bytes
    compiled = {npu.config: npu for npu in npus}
    return tuple(
        BoardReport(
            fit(file, *arena, board),
            estimate_latency(file, board),
            compiled[board.npu].at(board.npu_mhz) if board.npu in compiled else None,
            board.latency_limit_ms or None,
        )
        for board in boards
    )


def boards_markdown(reports: Sequence[BoardReport]) -> str:
    """Returns a table of all boards, one of their NPUs, then every CPU's estimate op by op."""
    lines = [
        "# Boards",
        "",
        "Used / available in KiB; flash includes an estimate of TFLite Micro's code.",
        "",
        "| board | flash | arena | latency | fits |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {escaped(report.fit.board)} "
        f"| {report.fit.flash_used / 1024:.0f} / {report.fit.flash_available / 1024:.0f} "
        f"| {report.fit.arena_used / 1024:.0f} / {report.fit.arena_available / 1024:.0f} "
        f"| {escaped(_latency(report.latency))} "
        f"| {'no: lacks ' + escaped(report.missing) if report.missing else 'yes'} |"
        for report in reports
    ]
    lines += _npu_lines(reports)
    for report in reports:
        lines += ["", f"## {escaped(report.fit.board)}", "", report.latency.table().rstrip()]
    return "\n".join([*lines, ""])


def _latency(latency: LatencyEstimate) -> str:
    text = f"estimate {digits(latency.latency_ms)} ms +- {latency.relative_error:.0%}"
    if latency.energy_mj is not None and latency.energy_error is not None:
        text += f", {digits(latency.energy_mj)} mJ +- {latency.energy_error:.0%}"
    return f"{text}; {latency.basis}" if latency.basis else text


def _npu_lines(reports: Sequence[BoardReport]) -> list[str]:
    if not any(report.npu for report in reports):
        return []
    rows = (
        (report.fit.board, report.latency.latency_ms, report.npu)
        for report in reports
        if report.npu
    )
    return [
        "",
        "NPUs, as Vela estimates them: without the driver and ops that stay on the CPU.",
        "",
        "| board | NPU | latency | CPU instead | cycles | SRAM KiB | flash KiB | ops on the NPU |",
        "|---|---|---|---|---|---|---|---|",
        *(
            f"| {escaped(board)} | {escaped(npu.config)} at {npu.clock_mhz:g} MHz "
            f"| estimate {digits(npu.latency_ms)} ms | estimate {digits(cpu_ms)} ms | {npu.cycles} "
            f"| {npu.sram_bytes / 1024:.1f} | {npu.tflite_bytes / 1024:.1f} | {npu.npu_share:.0%} |"
            for board, cpu_ms, npu in rows
        ),
    ]
