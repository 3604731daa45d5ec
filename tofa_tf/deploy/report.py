"""The report of a run for people: a table, a plot, and the same as one HTML page."""

import base64
import html
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np

matplotlib.use("Agg")
import matplotlib.pyplot as plt

from tofa_tf.common.files import replacing, write_text

PLOT = "accuracy.png"
Columns = Sequence[tuple[str, Callable[[dict[str, Any]], str]]]

_AXES = (
    ("MACs (millions)", lambda s: s["macs"] / 1e6),
    ("flash: .tflite file (KiB)", lambda s: s["tflite_bytes"] / 1024),
    ("arena in TFLite Micro (KiB)", lambda s: s["arena_bytes"] / 1024),
)
SCENARIO_COLUMNS: Columns = (
    ("scenario", lambda s: s["name"]),
    ("MACs", lambda s: f"{s['macs'] / 1e6:.2f} M"),
    ("params", lambda s: f"{s['params'] / 1e3:.0f} k"),
    ("flash KiB", lambda s: f"{s['tflite_bytes'] / 1024:.1f}"),
    ("arena KiB", lambda s: f"{s['arena_bytes'] / 1024:.1f}"),
    ("float accuracy", lambda s: f"{s['float_accuracy']:.2%}"),
    ("int8 accuracy", lambda s: f"{s['int8_accuracy']:.2%}"),
    ("same class as float", lambda s: f"{s['int8_agreement']:.2%}"),
    ("ms on this PC", lambda s: f"{s['latency_ms']:.2f}"),
    ("seconds to make", lambda s: f"{s['seconds']:.1f}"),
)
_BOARD_COLUMNS: Columns = (
    ("board", lambda b: b["board"]),
    ("flash with the runtime's code, KiB", lambda b: _used(b, "flash")),
    ("SRAM for the arena, KiB", lambda b: _used(b, "arena")),
    (
        "latency, estimate",
        lambda b: f"{b['latency_estimate_ms']:.3g} ms ± {b['latency_relative_error']:.0%}",
    ),
)
_QUANTIZATION_COLUMNS: Columns = (
    ("scenario", lambda s: s["name"]),
    ("float accuracy", lambda s: f"{s['float_accuracy']:.2%}"),
    ("by ptq", lambda s: f"{s['quantization']['ptq']['accuracy']:.2%}"),
    ("by qat", lambda s: f"{s['quantization']['qat']['accuracy']:.2%}"),
    ("loses by ptq, points", lambda s: f"{_lost(s, 'ptq'):.2f}"),
    ("loses by qat, points", lambda s: f"{_lost(s, 'qat'):.2f}"),
    ("steps of qat", lambda s: f"{s['quantization']['qat_steps']}"),
    ("seconds of qat", lambda s: f"{s['quantization']['qat_seconds']:.0f}"),
)
_NPU_COLUMNS: Columns = (
    ("scenario", lambda n: n["scenario"]),
    ("NPU", lambda n: f"{n['config']} at {n['clock_mhz']:g} MHz"),
    ("latency on the NPU, estimate", lambda n: f"{n['estimate_ms']:.3g} ms"),
    ("on the board's CPU, estimate", lambda n: _milliseconds(n["cpu_estimate_ms"])),
    ("NPU cycles, estimate", lambda n: f"{n['cycles']}"),
    ("SRAM KiB", lambda n: f"{n['sram_bytes'] / 1024:.1f}"),
    ("flash KiB", lambda n: f"{n['tflite_bytes'] / 1024:.1f}"),
    ("ops on the NPU", lambda n: f"{n['npu_share']:.0%}"),
)
# Names of scenarios whose MACs differ by less would be written over one another.
_TOGETHER = 1.03
_EXPLANATION = (
    "Flash is the .tflite file; the runtime's code comes on top. Arena is what TFLite Micro itself "
    "reports on a 64-bit machine with reference kernels; what a board needs is said with the "
    "board. int8 accuracy is measured on the test images in the runtime named in report.json; ms "
    "is LiteRT on this PC, one thread, and says little about a board. No subnet was trained or "
    "searched for: each is cut from one supernet by the fixed rule."
)


def markdown_table(rows: Sequence[dict[str, Any]], columns: Columns = SCENARIO_COLUMNS) -> str:
    """A Markdown table; by default of the scenarios of `report.json`."""
    lines = [[title for title, _ in columns], ["---"] * len(columns)]
    lines += [[cell(row) for _, cell in columns] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def write_report(report: dict[str, Any], folder: Path) -> None:
    """Writes `report.md`, `report.html` and the plot beside `report.json`."""
    scenarios = report["scenarios"]
    title = f"{report['dataset']}: {len(scenarios)} int8 models from one supernet"
    plot_accuracy(scenarios, report["test_images"], folder / PLOT)
    facts = _facts(report)
    tables = [(scenarios, SCENARIO_COLUMNS)]
    trained = [s for s in scenarios if s.get("quantization", {}).get("qat")]
    if trained:
        tables.append((trained, _QUANTIZATION_COLUMNS))
    boards = [scenario["board"] for scenario in scenarios if scenario.get("board")]
    if boards:
        tables.append((boards, _BOARD_COLUMNS))
    npus = [{"scenario": s["name"], **npu} for s in scenarios for npu in s.get("npus", ())]
    if npus:
        tables.append((npus, _NPU_COLUMNS))
    text = [f"# {title}", "", *(f"* {fact}" for fact in facts)]
    for table in tables:
        text += ["", markdown_table(*table)]
    text += ["", f"![accuracy]({PLOT})", "", _EXPLANATION, ""]
    write_text(folder / "report.md", "\n".join(text))
    write_text(
        folder / "report.html",
        _PAGE.format(
            title=html.escape(title),
            facts="".join(f"<li>{html.escape(fact)}</li>" for fact in facts),
            tables="".join(_html_table(*table) for table in tables),
            image=base64.b64encode((folder / PLOT).read_bytes()).decode(),
            explanation=html.escape(_EXPLANATION),
        ),
    )


def _html_table(rows: Sequence[dict[str, Any]], columns: Columns) -> str:
    head = "".join(f"<th>{html.escape(title)}</th>" for title, _ in columns)
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(cell(row))}</td>" for _, cell in columns) + "</tr>"
        for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def plot_accuracy(scenarios: Sequence[dict[str, Any]], test_images: int, path: Path) -> None:
    """Draws accuracy against MACs, flash and arena, with the standard error of the test set.

    Args:
        scenarios: of `report.json`.
        test_images: how many images the accuracies are of.
        path: of the PNG.
    """
    figure, axes = plt.subplots(1, 3, figsize=(13, 4.2), sharey=True, layout="constrained")
    for axis, (label, value) in zip(axes, _AXES, strict=True):
        x = [value(s) for s in scenarios]
        y = np.array([100 * s["int8_accuracy"] for s in scenarios])
        error = np.sqrt(y * (100 - y) / test_images)
        axis.errorbar(x, y, error, fmt="s", label="int8, standard error", capsize=3, zorder=3)
        floats = [100 * s["float_accuracy"] for s in scenarios]
        axis.plot(x, floats, "o", label="float", markersize=9, markerfacecolor="none", zorder=4)
        axis.set_xlabel(label)
        axis.set_xscale("log")
        axis.xaxis.set_major_formatter("{x:g}")
        axis.xaxis.set_minor_formatter("{x:g}")
        axis.tick_params(axis="x", which="both", labelsize=8)
        axis.grid(alpha=0.3)
    for name, place in _labels(scenarios, y - error):
        axes[0].annotate(
            name, place, (0, -6), textcoords="offset points",
            rotation=90, ha="center", va="top", fontsize=7,
        )  # fmt: skip
    low, high = axes[0].get_ylim()
    # Room for the names, and no drama where accuracies are nearly equal.
    axes[0].set_ylim(low - max(0.8 * (high - low), 8.0), min(high + 1.0, 101.0))
    axes[0].set_ylabel("test accuracy (%)")
    axes[-1].legend(loc="lower right")
    with replacing(path) as temporary:
        figure.savefig(temporary, dpi=110)
    plt.close(figure)


def _lost(scenario: dict[str, Any], way: str) -> float:
    """Accuracy that one way of quantisation loses, in percentage points."""
    return 100 * (scenario["float_accuracy"] - scenario["quantization"][way]["accuracy"])


def _labels(
    scenarios: Sequence[dict[str, Any]], below: Sequence[float]
) -> list[tuple[str, tuple[float, float]]]:
    """Names and where they begin, one for all that lie together: many boards get one subnet."""
    groups: list[list[tuple[float, float, str]]] = []
    places = (
        (_AXES[0][1](scenario), low, scenario["name"])
        for scenario, low in zip(scenarios, below, strict=True)
    )
    for place in sorted(places, key=lambda place: place[0]):
        if groups and place[0] <= _TOGETHER * groups[-1][0][0]:
            groups[-1].append(place)
        else:
            groups.append([place])
    return [
        (
            group[0][2] + (f" and {len(group) - 1} more" if len(group) > 1 else ""),
            (group[0][0], min(low for _, low, _ in group)),
        )
        for group in groups
    ]


def _used(board: dict[str, Any], memory: str) -> str:
    used, available = (board[f"{memory}_{which}"] / 1024 for which in ("used", "available"))
    return f"{used:.0f} of {available:.0f}"


def _milliseconds(value: float | None) -> str:
    return "" if value is None else f"{value:.3g} ms"


def _facts(report: dict[str, Any]) -> list[str]:
    return [
        f"{report['labelled_images']} labelled images ({report['labels_per_class']} a class), "
        f"{report['unlabelled_images']} unlabelled, {report['test_images']} test images",
        f"search space {report['search_space']}, {report['steps']} steps, seed {report['seed']}, "
        f"{report['training_seconds']:.0f} s of training on {report['machine']}",
        *(f"does not fit: {failure}" for failure in report["not_fitting"]),
    ]


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<style>
body {{ font: 15px/1.5 system-ui, sans-serif; margin: 2em auto; max-width: 75em; padding: 0 1em; }}
table {{ border-collapse: collapse; margin: 1em 0; }}
th, td {{ border-bottom: 1px solid #ccc; padding: .3em .7em; text-align: right; }}
th:first-child, td:first-child {{ text-align: left; }}
img {{ max-width: 100%; }}
</style></head><body>
<h1>{title}</h1><ul>{facts}</ul>
{tables}
<p><img src="data:image/png;base64,{image}" alt="accuracy against MACs, flash and arena"></p>
<p>{explanation}</p>
</body></html>
"""
