"""Tables, CSV and plot of an experiment, of whatever arms are finished."""

import csv
import io
import statistics
from collections.abc import Iterator, Sequence
from pathlib import Path

from matplotlib.figure import Figure

from benchmarks.evidence.arms import ARMS
from benchmarks.evidence.compare import Gain, gains, overall
from benchmarks.evidence.records import Level, Row
from benchmarks.evidence.studies import Study
from benchmarks.results import CSV, TABLE
from tofa_tf.common.files import replacing, write_text
from tofa_tf.data.labels import LabelsPerClass

PLOT = "accuracy.png"
_COLUMNS = (
    *("image_set", "labels_per_class", "seed", "arm", "band", "macs", "params"),
    *("float_accuracy", "int8_accuracy", "worst_class", "seconds", "training_passes"),
    *("forward_passes", "gmacs", "final_seconds", "chosen", "weights", "fingerprint", "date"),
)


def write_tables(study: Study, rows: Sequence[Row], folder: Path) -> None:
    """Writes README.md, results.csv and accuracy.png.

    Args:
        study: the experiment.
        rows: of finished arms; those of other experiments are left out.
        folder: of the experiment.
    """
    rows = of_study(study, rows)
    if not rows:
        return
    write_text(folder / CSV, _csv(rows))
    write_text(folder / TABLE, "\n".join(markdown(study, rows)) + "\n")
    with replacing(folder / PLOT) as temporary:
        _plot(study, rows).savefig(temporary, dpi=120)


def of_study(study: Study, rows: Sequence[Row]) -> list[Row]:
    """Returns the rows that belong to an experiment."""
    sets = {name.partition("@")[0] for name in study.sets}
    return [
        row
        for row in rows
        if row.image_set in sets
        and row.labels_per_class in study.labels
        and row.arm in study.arms
        and len(row.levels)
    ]


def markdown(study: Study, rows: Sequence[Row]) -> list[str]:
    """Returns the tables as lines of Markdown."""
    lines = [f"# {study.question}"]
    for title, here in by_cell(rows):
        lines += ["", f"## {title}", "", *cell_table(study.arms, here)]
    lines += ["", *_comparison(study, rows)]
    machine = ", ".join(sorted({row.machine for row in rows}))
    weights = ", ".join(sorted({row.weights for row in rows}))
    dates = sorted({row.date for row in rows})
    return [
        *lines,
        "",
        "Top-1 of the int8 models on all test images: mean over splits and standard deviation "
        "over splits (of labels, and of the test part where a set has none of its own). Seconds "
        "are those of all levels together, what was tried on the way included; k passes are "
        "thousands of images that went forward and backward through one net.",
        "",
        f"![accuracy against MACs]({PLOT})",
        "",
        f"{machine}; {dates[0]} to {dates[-1]}; weights {weights}.",
    ]


def by_cell(rows: Sequence[Row]) -> Iterator[tuple[str, list[Row]]]:
    """Yields the rows of every set and number of labels, and what they are called."""
    for name, labels in _cells(rows):
        here = [row for row in rows if (row.image_set, row.labels_per_class) == (name, labels)]
        yield f"{name}, {labels} labels a class", here


def _cells(rows: Sequence[Row]) -> list[tuple[str, LabelsPerClass]]:
    return list(dict.fromkeys((row.image_set, row.labels_per_class) for row in rows))


def cell_table(arms: Sequence[str], rows: Sequence[Row]) -> Iterator[str]:
    """Yields one line an arm: all its levels, and what it took.

    Args:
        arms: in order.
        rows: of one set and number of labels.
    """
    bands = sorted({level.band for row in rows for level in row.levels})
    columns = [f"level {band + 1}" for band in bands]
    yield "| arm | splits | " + " | ".join(columns) + " | MACs | seconds | k passes |"
    yield "|" + "---|" * (len(columns) + 5)
    for arm in arms:
        here = [row for row in rows if row.arm == arm]
        if not here:
            yield f"| {ARMS[arm].title} | 0 |" + " |" * (len(columns) + 3)
            continue
        cells = [_cell(levels_of(here, band)) for band in bands]
        macs = [level.macs / 1e6 for level in here[0].levels]
        seconds = statistics.fmean(row.effort.seconds for row in here)
        passes = statistics.fmean(row.effort.training_passes for row in here) / 1e3
        yield (
            f"| {ARMS[arm].title} | {len(here)} | {' | '.join(cells)} | "
            f"{macs[0]:.2f} to {macs[-1]:.2f} M | {seconds:.0f} | {passes:.0f} |"
        )


def levels_of(rows: Sequence[Row], band: int) -> list[Level]:
    """Returns the nets of one level, of every row that has it."""
    return [level for row in rows for level in row.levels if level.band == band]


def _cell(levels: Sequence[Level]) -> str:
    return mean_sd([100 * level.accuracy for level in levels]) if levels else ""


def mean_sd(values: Sequence[float], sign: str = "") -> str:
    """Returns mean and standard deviation as text; a single value has no deviation."""
    text = f"{statistics.fmean(values):{sign}.1f}"
    return f"{text} ± {statistics.stdev(values):.1f}" if len(values) > 1 else text


def _comparison(study: Study, rows: Sequence[Row]) -> Iterator[str]:
    """The first arm against every other, paired by split and level."""
    first, *others = study.arms
    yield f"## {ARMS[first].title} against the others, in points"
    yield ""
    yield "| against | mean over sets, labels and levels | worst | cases |"
    yield "|---|---|---|---|"
    for other in others:
        found = gains(rows, first, other)
        if not found:
            continue
        mean, error = overall(found)
        worst = min(found, key=lambda gain: gain.mean)
        yield (
            f"| {ARMS[other].title} | {mean:+.1f}, standard error {error:.1f} | "
            f"{_gain(worst)} | {len(found)} |"
        )


def _gain(gain: Gain) -> str:
    return (
        f"{gain.mean:+.1f} ± {gain.deviation:.1f} ({gain.image_set}, {gain.labels_per_class} "
        f"labels, level {gain.band + 1})"
    )


def _csv(rows: Sequence[Row]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for row in rows:
        chosen = row.notes.get("chosen", [])
        for number, level in enumerate(row.levels):
            writer.writerow(
                (
                    *(row.image_set, row.labels_per_class, row.seed, row.arm, level.band),
                    *(level.macs, level.params, level.float_accuracy, level.int8_accuracy),
                    *(level.worst_class, round(row.effort.seconds, 1)),
                    *(row.effort.training_passes, row.effort.forward_passes),
                    *(round(row.effort.gmacs, 1), round(row.final_effort.seconds, 1)),
                    *(chosen[number] if number < len(chosen) else "", row.weights),
                    *(row.fingerprint, row.date),
                )
            )
    return text.getvalue()


def _plot(study: Study, rows: Sequence[Row]) -> Figure:
    cells = _cells(rows)
    figure = Figure(figsize=(4.2 * len(cells), 3.6), layout="constrained")
    axes = figure.subplots(1, len(cells), squeeze=False)[0]
    for axis, (name, labels) in zip(axes, cells, strict=True):
        for arm in study.arms:
            here = [
                row
                for row in rows
                if (row.image_set, row.labels_per_class, row.arm) == (name, labels, arm)
            ]
            if not here:
                continue
            nets = [levels_of(here, band) for band in sorted({n.band for n in here[0].levels})]
            values = [[100 * level.accuracy for level in levels] for levels in nets]
            axis.errorbar(
                [levels[0].macs / 1e6 for levels in nets],
                [statistics.fmean(each) for each in values],
                [statistics.stdev(each) if len(each) > 1 else 0.0 for each in values],
                marker="o",
                capsize=2,
                label=ARMS[arm].title,
            )
        axis.set(title=f"{name}, {labels} labels a class", xlabel="MMACs", xscale="log")
        axis.grid(alpha=0.3)
    axes[0].set_ylabel("int8 top-1, %")
    axes[0].legend(fontsize=7)
    return figure
