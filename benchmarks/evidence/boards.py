"""E4: latency, flash and arena over boards, with the accuracy of the trained nets.

    python -m benchmarks.evidence.boards --results=runs/evidence --output=benchmarks/results/boards

Takes the .tflite files that the arms of an experiment have left: the method's nets and trained
standard nets, one split. Latency, flash and arena are estimates, see `tofa plan`. One plot for
every kind of core shows which nets are best at their latency.
"""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from benchmarks.evidence.arms import ARMS
from benchmarks.evidence.records import Row, read_all
from benchmarks.results import CSV, Output, new_results, write_csv, write_table
from tflite_export.common.command import Command, run_command
from tflite_export.common.figures import digits
from tflite_export.common.markdown import escaped
from tflite_export.common.settings import SettingsBase, setting
from tflite_export.devices.boards import Board, known_boards
from tflite_export.devices.fit import estimate_fit
from tflite_export.devices.latency import estimate_latency
from tflite_export.graph.flatbuffer import read_tflite
from tofa_tf.common.errors import UserError

_PLOT = "pareto.png"
_COLUMNS = 3


@dataclasses.dataclass(frozen=True)
class Options(SettingsBase):
    """Which nets, on which boards."""

    results: str = setting("Folder of the experiments, with arms.jsonl and models.")
    arms: tuple[str, ...] = setting(
        "Arms whose nets are compared.",
        ("tofa", "resnet8", "mobilenet_v2_035"),
        choices=tuple(ARMS),
    )
    set: str = setting("The image set.", "cifar10")
    labels: int = setting("Labelled images of each class.", 25, least=1)
    seed: int = setting("The split.", 0, least=0)
    boards: tuple[str, ...] = setting("Boards; by default the first of every kind of core.", ())


@dataclasses.dataclass(frozen=True)
class Point:
    """One net on one board.

    Attributes:
        board: its name.
        core: of the board.
        arm: that made the net.
        macs: of an image.
        accuracy: of the int8 model on the test images, a share of 1.
        latency_ms: estimate.
        flash_kib: of model and runtime, estimate.
        arena_kib: estimate.
        fits: whether the board has flash and SRAM enough.
        best: whether no net that fits is as fast and more accurate.
    """

    board: str
    core: str
    arm: str
    macs: int
    accuracy: float
    latency_ms: float
    flash_kib: float
    arena_kib: float
    fits: bool
    best: bool = False


def main(output: Output, options: Options) -> None:
    """Writes table, CSV and plots."""
    source = Path(options.results)
    rows = [
        row
        for row in read_all([source])
        if (row.image_set, row.labels_per_class, row.seed)
        == (options.set, options.labels, options.seed)
        and row.arm in options.arms
    ]
    if not rows:
        raise UserError(
            f"{source} has none of the arms {', '.join(options.arms)} of {options.set} with "
            f"{options.labels} labels a class, seed {options.seed}"
        )
    points = []
    for board in _boards(options.boards):
        points += with_best(points_on(board, rows, source / "models"))
    with new_results(output) as folder:
        write_csv(folder / CSV, points)
        plot(points).savefig(folder / _PLOT, dpi=110)
        write_table(folder, _table(points))


def _boards(names: Sequence[str]) -> list[Board]:
    known = known_boards()
    if unknown := [name for name in names if name not in known]:
        raise UserError(f"boards: unknown {unknown[0]!r}; known are {', '.join(known)}")
    first = {board.core: board for board in reversed(known.values())}
    return [known[name] for name in names] or list(first.values())


def points_on(board: Board, rows: Sequence[Row], models: Path) -> list[Point]:
    """Returns all nets of some arms on a board.

    Args:
        board: to estimate for.
        rows: of the arms.
        models: folder of the .tflite files.
    """
    points = []
    for row in rows:
        for level in row.levels:
            graph = read_tflite((models / level.file).read_bytes())
            fit = estimate_fit(graph, board)
            point = Point(
                board=board.name,
                core=board.core,
                arm=row.arm,
                macs=level.macs,
                accuracy=level.accuracy,
                latency_ms=estimate_latency(graph, board).latency_ms,
                flash_kib=fit.flash_used / 1024,
                arena_kib=fit.arena_used / 1024,
                fits=fit.fits,
            )
            points.append(point)
    return points


def with_best(points: Sequence[Point]) -> list[Point]:
    """Marks the nets than which no other that fits is as fast and more accurate."""

    def beaten(point: Point) -> bool:
        return any(
            other.fits
            and other.latency_ms <= point.latency_ms
            and other.accuracy >= point.accuracy
            and (other.latency_ms, other.accuracy) != (point.latency_ms, point.accuracy)
            for other in points
        )

    return [dataclasses.replace(point, best=point.fits and not beaten(point)) for point in points]


def _table(points: Sequence[Point]) -> list[str]:
    return [
        "# Accuracy against latency, flash and arena",
        "",
        "| board | net | MACs | int8 top-1 | latency | flash KiB | arena KiB | fits | best |",
        "|---|---|---|---|---|---|---|---|---|",
        *(
            f"| {escaped(point.board)} | {ARMS[point.arm].title} | {point.macs / 1e6:.2f} M | "
            f"{point.accuracy:.1%} | {digits(point.latency_ms)} ms | {point.flash_kib:.0f} | "
            f"{point.arena_kib:.0f} | {'yes' if point.fits else 'no'} | "
            f"{'yes' if point.best else ''} |"
            for point in points
        ),
        "",
        "Best: no net that fits is as fast and more accurate. Latency, flash and arena are "
        "estimates.",
        "",
        f"![accuracy against latency]({_PLOT})",
    ]


def plot(points: Sequence[Point]) -> Figure:
    """Draws one Pareto plot a board."""
    boards = list(dict.fromkeys(point.board for point in points))
    lines = -(-len(boards) // _COLUMNS)
    figure = Figure(figsize=(4.2 * _COLUMNS, 3.4 * lines), layout="constrained")
    axes = figure.subplots(lines, _COLUMNS, squeeze=False).flatten()
    for axis, board in zip(axes, boards, strict=False):
        _draw(axis, board, [point for point in points if point.board == board])
    for axis in axes[len(boards) :]:
        axis.set_axis_off()
    axes[0].legend(fontsize=7)
    return figure


def _draw(axis: Axes, board: str, points: Sequence[Point]) -> None:
    for arm in dict.fromkeys(point.arm for point in points):
        own = [point for point in points if point.arm == arm]
        axis.plot(
            [point.latency_ms for point in own],
            [100 * point.accuracy for point in own],
            "o-",
            label=ARMS[arm].title,
        )
    beyond = [point for point in points if not point.fits]
    axis.plot(
        [point.latency_ms for point in beyond],
        [100 * point.accuracy for point in beyond],
        "kx",
        markersize=9,
        label="does not fit" if beyond else None,
    )
    axis.set(title=f"{board} ({points[0].core})", xlabel="latency, ms", xscale="log")
    axis.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.xaxis.set_major_formatter("{x:g}")
    axis.xaxis.set_minor_formatter(NullFormatter())
    axis.set_ylabel("int8 top-1, %")
    axis.grid(alpha=0.3)


COMMAND = Command(main, (Output, Options))

if __name__ == "__main__":
    run_command(COMMAND)
