"""What a verified model means on boards: fit and latency estimate, as records and as Markdown."""

from collections.abc import Sequence
from dataclasses import dataclass

from tflite_export.devices.boards import Board
from tflite_export.fit import BoardFit, fit
from tflite_export.flatbuffer import TfliteFile
from tflite_export.latency import LatencyEstimate, estimate_latency
from tflite_export.verify import Verification


@dataclass(frozen=True)
class BoardReport:
    """One model on one board."""

    fit: BoardFit
    latency: LatencyEstimate


def report_boards(
    file: TfliteFile, verification: Verification, boards: Sequence[Board]
) -> tuple[BoardReport, ...]:
    """Returns fit and latency estimate of a verified file for each board."""
    arena = verification.arena_bytes, verification.nonpersistent_bytes
    return tuple(
        BoardReport(fit(file, *arena, board), estimate_latency(file, board)) for board in boards
    )


def boards_markdown(reports: Sequence[BoardReport]) -> str:
    """Returns a table of all boards, then every board's estimate op by op."""
    lines = [
        "# Boards",
        "",
        "Used / available in KiB; flash includes an estimate of TFLite Micro's code.",
        "",
        "| board | flash | arena | latency | fits |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {report.fit.board} "
        f"| {report.fit.flash_used / 1024:.0f} / {report.fit.flash_available / 1024:.0f} "
        f"| {report.fit.arena_used / 1024:.0f} / {report.fit.arena_available / 1024:.0f} "
        f"| estimate {report.latency.estimate_ms:.3g} ms +- {report.latency.relative_error:.0%} "
        f"| {'yes' if report.fit.fits else 'no: lacks ' + report.fit.missing} |"
        for report in reports
    ]
    for report in reports:
        lines += ["", f"## {report.fit.board}", "", report.latency.table().rstrip()]
    return "\n".join([*lines, ""])
