"""Tables and plot of `benchmark_devices`."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np

from benchmarks.results import TABLE, describe_environment, write_csv

matplotlib.use("Agg")
from matplotlib import pyplot as plt  # noqa: E402, the backend has to be chosen first

PLOT = "devices.png"
Rows = Sequence[dict[str, Any]]


def write_devices(folder: Path, rows: Rows, ours: str) -> None:
    """Writes `results.csv`, `README.md` and the plot.

    Args:
        folder: where.
        rows: see `benchmark_devices.Row`.
        ours: the model's name in the rows of the subnets.
    """
    write_csv(folder / "results.csv", rows)
    subnets = [row for row in rows if row["model"] == ours]
    others = [row for row in rows if row["model"] != ours]
    lines = [
        *_subnet_lines(subnets),
        *_standard_lines(others),
        *_npu_lines(rows),
        f"![latency estimate and SRAM by board]({PLOT})",
        "",
        *describe_environment(),
        "",
    ]
    (folder / TABLE).write_text("\n".join(lines), encoding="utf-8")
    _plot(rows, ours, folder / PLOT)


def _subnet_lines(rows: Rows) -> list[str]:
    made = [row for row in rows if not row["missing"]]
    lines = [f"# {len(made)} of {len(rows)} boards from one supernet", ""]
    if made:
        seconds = [row["seconds"] for row in made]
        lines += [
            f"Log to verified int8 model: median {np.median(seconds):.2f} s a board, largest "
            f"{max(seconds):.2f} s; boards of the same subnet share its verification. KiB are used "
            "of available; flash has the estimated code of TFLite Micro in it.",
            "",
            "| board | MMACs | flash KiB | arena KiB | latency | int8 | seconds |",
            "|---|---|---|---|---|---|---|",
        ]
    lines += [
        f"| {row['board']} | {row['macs'] / 1e6:.2f} | {_used(row, 'flash')} "
        f"| {_used(row, 'arena')} | {_latency(row)} | {row['int8_accuracy']:.2%} "
        f"| {row['seconds']:.1f} |"
        for row in made
    ]
    return [*lines, "", *(f"* {row['missing']}" for row in rows if row["missing"]), ""]


def _standard_lines(rows: Rows) -> list[str]:
    names = list(dict.fromkeys(row["model"] for row in rows))
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
        own = [row for row in rows if row["model"] == name]
        lines.append(
            f"| {name} | {own[0]['macs'] / 1e6:.2f} | {own[0]['flash_used'] / 1024:.0f} "
            f"| {_range([row['arena_used'] / 1024 for row in own])} "
            f"| {sum(not row['missing'] for row in own)} of {len(own)} boards "
            f"| {own[0]['seconds']:.1f} |"
        )
    lines += ["", f"| board | {' | '.join(names)} |", "|---" * (len(names) + 1) + "|"]
    for board in dict.fromkeys(row["board"] for row in rows):
        cells = [_latency(row) for row in rows if row["board"] == board]
        lines.append(f"| {board} | {' | '.join(cells)} |")
    return [*lines, ""]


def _npu_lines(rows: Rows) -> list[str]:
    with_npu = [row for row in rows if row["npu"]]
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
            f"| {row['board']} | {row['model']} | {row['npu']} | estimate "
            f"{row['npu_ms']:.3g} ms | {_latency(row)} |"
            for row in with_npu
        ),
        "",
    ]


def _latency(row: dict[str, Any]) -> str:
    if row["missing"]:
        # Used and available bytes are in the CSV.
        return "lacks " + re.sub(r" \([^)]*\)", "", row["missing"])
    return f"estimate {row['latency_ms']:.3g} ms ± {row['latency_error']:.0%}"


def _used(row: dict[str, Any], memory: str) -> str:
    return f"{row[f'{memory}_used'] / 1024:.0f} of {row[f'{memory}_available'] / 1024:.0f}"


def _range(values: Sequence[float]) -> str:
    return f"{min(values):.0f} to {max(values):.0f}"


def _plot(rows: Rows, ours: str, path: Path) -> None:
    """Latency estimate and share of the SRAM of every model on every board; hollow: no fit."""
    boards = list(dict.fromkeys(row["board"] for row in rows))[::-1]
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(13, 1.5 + 0.28 * len(boards)), sharey=True, layout="constrained"
    )
    for name in dict.fromkeys(row["model"] for row in rows):
        known = [row for row in rows if row["model"] == name and row["latency_ms"] is not None]
        y = np.array([boards.index(row["board"]) for row in known])
        fits = np.array([not row["missing"] for row in known], bool)
        latency = np.array([row["latency_ms"] for row in known])
        error = latency * [row["latency_error"] for row in known]
        share = np.array([100 * row["arena_used"] / row["arena_available"] for row in known])
        marker = {"fmt": "s" if name == ours else "o", "markersize": 6, "capsize": 2, "alpha": 0.8}
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
    plt.close(figure)
