"""Tables and plot of `benchmark_devices`."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from tflite_export.common.figures import digits
from tflite_export.common.markdown import escaped

PLOT = "devices.png"
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


def devices_markdown(rows: Sequence[Row]) -> list[str]:
    """Returns the tables of subnets, of standard nets and of NPUs, as Markdown."""
    return [
        *_subnet_lines([row for row in rows if row.model == OURS]),
        *_standard_lines([row for row in rows if row.model != OURS]),
        *_npu_lines(rows),
        f"![latency estimate and SRAM by board]({PLOT})",
    ]


def plot_devices(rows: Sequence[Row], path: Path) -> None:
    """Draws latency estimate and share of the SRAM of every model on every board.

    Args:
        rows: of all models; those that do not fit are hollow.
        path: of the PNG.
    """
    boards = list(dict.fromkeys(row.board for row in rows))[::-1]
    figure = Figure(figsize=(13, 1.5 + 0.28 * len(boards)), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    for name in dict.fromkeys(row.model for row in rows):
        known = [row for row in rows if row.model == name and row.latency_ms is not None]
        y = np.array([boards.index(row.board) for row in known])
        fits = np.array([not row.missing for row in known], bool)
        latency = np.array([row.latency_ms for row in known])
        error = latency * [row.latency_error for row in known]
        share = np.array([100 * row.arena_used / row.arena_available for row in known])
        marker = {"fmt": "s" if name == OURS else "o", "markersize": 6, "capsize": 2, "alpha": 0.8}
        drawn = left.errorbar(latency[fits], y[fits], xerr=error[fits], label=name, **marker)
        hollow = {**marker, "markerfacecolor": "none", "color": drawn[0].get_color()}
        left.errorbar(latency[~fits], y[~fits], xerr=error[~fits], **hollow)
        right.errorbar(share[fits], y[fits], color=drawn[0].get_color(), **marker)
        right.errorbar(share[~fits], y[~fits], **hollow)
    right.axvline(100, color="black", linewidth=1)
    left.set_yticks(range(len(boards)), boards)
    left.set_xlabel("latency on the CPU, estimate with its error (ms)")
    right.set_xlabel("arena, share of the SRAM available (%); hollow: does not fit")
    for axis in (left, right):
        axis.set_xscale("log")
        axis.grid(alpha=0.3)
    figure.legend(loc="outside upper center", ncols=4)
    figure.savefig(path, dpi=110)


def _subnet_lines(rows: Sequence[Row]) -> list[str]:
    made = [row for row in rows if not row.missing]
    lines = [f"# {len(made)} of {len(rows)} boards from one supernet", ""]
    if made:
        seconds = [row.seconds for row in made]
        lines += [
            f"Log to verified int8 model: median {np.median(seconds):.2f} s a board, largest "
            f"{max(seconds):.2f} s; boards of the same subnet share its verification. KiB are used "
            "of available; flash has the estimated code of TFLite Micro in it.",
            "",
            "| board | MMACs | flash KiB | arena KiB | latency | int8 | seconds |",
            "|---|---|---|---|---|---|---|",
        ]
    lines += [
        f"| {escaped(row.board)} | {row.macs / 1e6:.2f} "
        f"| {_of(row.flash_used, row.flash_available)} "
        f"| {_of(row.arena_used, row.arena_available)} | {_latency(row)} | {row.int8_accuracy:.2%} "
        f"| {row.seconds:.1f} |"
        for row in made
    ]
    return [*lines, "", *(f"* {row.missing}" for row in rows if row.missing), ""]


def _standard_lines(rows: Sequence[Row]) -> list[str]:
    names = list(dict.fromkeys(row.model for row in rows))
    lines = [
        "## Standard nets",
        "",
        "Untrained: batch norm has seen images, the weights are random, and so there is no "
        "accuracy. Same images, exporter and estimates; the seconds are those of one export for "
        "all boards, without the training that each net would need.",
        "",
        "| net | MMACs | flash KiB | arena KiB | fits | seconds |",
        "|---|---|---|---|---|---|",
    ]
    for name in names:
        own = [row for row in rows if row.model == name]
        lines.append(
            f"| {name} | {own[0].macs / 1e6:.2f} | {own[0].flash_used / 1024:.0f} "
            f"| {_range([row.arena_used / 1024 for row in own])} "
            f"| {sum(not row.missing for row in own)} of {len(own)} boards "
            f"| {own[0].seconds:.1f} |"
        )
    lines += ["", f"| board | {' | '.join(names)} |", "|---" * (len(names) + 1) + "|"]
    for board in dict.fromkeys(row.board for row in rows):
        cells = [_latency(row) for row in rows if row.board == board]
        lines.append(f"| {escaped(board)} | {' | '.join(cells)} |")
    return [*lines, ""]


def _npu_lines(rows: Sequence[Row]) -> list[str]:
    with_npu = [row for row in rows if row.npu]
    if not with_npu:
        return []
    return [
        "## NPUs",
        "",
        "By Vela, without the driver.",
        "",
        "| board | model | NPU | on the NPU | on the CPU |",
        "|---|---|---|---|---|",
        *(
            f"| {escaped(row.board)} | {row.model} | {row.npu} | estimate "
            f"{digits(row.npu_ms)} ms | {_latency(row)} |"
            for row in with_npu
        ),
        "",
    ]


def _latency(row: Row) -> str:
    if row.missing:
        # Used and available bytes are in the CSV.
        return "lacks " + re.sub(r" \([^)]*\)", "", row.missing)
    return f"estimate {digits(row.latency_ms)} ms ± {row.latency_error:.0%}"


def _of(used_bytes: int, available_bytes: int) -> str:
    return f"{used_bytes / 1024:.0f} of {available_bytes / 1024:.0f}"


def _range(values: Sequence[float]) -> str:
    return f"{min(values):.0f} to {max(values):.0f}"
