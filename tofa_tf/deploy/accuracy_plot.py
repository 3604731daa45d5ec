"""The plot of a run: accuracy against MACs, flash and arena."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from tofa_tf.common.files import replacing
from tofa_tf.deploy.results import ScenarioResult

_AXES: Sequence[tuple[str, Callable[[ScenarioResult], float]]] = (
    ("MACs (millions)", lambda s: s.macs / 1e6),
    ("flash: .tflite file (KiB)", lambda s: s.tflite_bytes / 1024),
    ("arena in TFLite Micro on a 64-bit PC (KiB)", lambda s: s.arena_bytes / 1024),
)
# Names of scenarios whose MACs differ by less would be written over one another.
_TOGETHER = 1.03


def plot_accuracy(scenarios: Sequence[ScenarioResult], test_images: int, path: Path) -> None:
    """Draws accuracy against MACs, flash and arena, with the standard error of the test set.

    Args:
        scenarios: one point each.
        test_images: how many images the accuracies are of.
        path: of the PNG.
    """
    figure = Figure(figsize=(13, 4.2), layout="constrained")
    axes = figure.subplots(1, 3, sharey=True)
    int8 = np.array([100 * s.int8_accuracy for s in scenarios])
    error = np.sqrt(int8 * (100 - int8) / test_images)
    floats = [100 * s.float_accuracy for s in scenarios]
    for axis, (label, value) in zip(axes, _AXES, strict=True):
        x = [value(s) for s in scenarios]
        axis.errorbar(x, int8, error, fmt="s", label="int8, standard error", capsize=3, zorder=3)
        axis.plot(x, floats, "o", label="float", markersize=9, markerfacecolor="none", zorder=4)
        axis.set_xlabel(label)
        axis.set_xscale("log")
        axis.xaxis.set_major_formatter("{x:g}")
        axis.xaxis.set_minor_formatter("{x:g}")
        axis.tick_params(axis="x", which="both", labelsize=8)
        axis.grid(alpha=0.3)
    points = [(s.name, s.macs / 1e6, low) for s, low in zip(scenarios, int8 - error, strict=True)]
    for name, place in shared_labels(points):
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


def shared_labels(
    points: Sequence[tuple[str, float, float]],
) -> list[tuple[str, tuple[float, float]]]:
    """Returns names and where they begin, one for all that lie together.

    Many boards get one subnet.

    Args:
        points: name, x and y of each.
    """
    groups: list[list[tuple[str, float, float]]] = []
    for point in sorted(points, key=lambda point: point[1]):
        if groups and point[1] <= _TOGETHER * groups[-1][0][1]:
            groups[-1].append(point)
        else:
            groups.append([point])
    return [
        (
            group[0][0] + (f" and {len(group) - 1} more" if len(group) > 1 else ""),
            (group[0][1], min(y for _, _, y in group)),
        )
        for group in groups
    ]
