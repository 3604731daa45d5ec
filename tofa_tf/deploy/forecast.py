"""What a search space comes to on boards, by closed forms: before there is anything to train."""

import dataclasses
from collections.abc import Sequence

from tflite_export.common.figures import digits
from tflite_export.devices.boards import Board
from tofa_tf.deploy.budgets import board_scenario
from tofa_tf.deploy.tables import Columns, markdown_table
from tofa_tf.select.scenario import Scenario
from tofa_tf.space.cost import Cost, cost
from tofa_tf.space.search_space import SearchSpace


@dataclasses.dataclass(frozen=True)
class Forecast:
    """The corners of a space at one size of images.

    Attributes:
        resolution: height and width in pixels.
        smallest: cost of the smallest subnet.
        largest: cost of the largest subnet.
    """

    resolution: int
    smallest: Cost
    largest: Cost

    def met_by(self, scenario: Scenario) -> str:
        """Which subnets keep the budgets, for people."""
        if scenario.met_by(self.largest):
            return "every subnet"
        return "the smaller subnets" if scenario.met_by(self.smallest) else "none"


def forecasts(space: SearchSpace, num_classes: int, channels: int) -> list[Forecast]:
    """Returns one forecast for each resolution of a space.

    Args:
        space: to look at.
        num_classes: outputs of the classifier.
        channels: of the images.
    """
    return [
        Forecast(
            corners[0].resolution, *(cost(space, arch, num_classes, channels) for arch in corners)
        )
        for corners in space.corners
    ]


def forecast_markdown(made: Sequence[Forecast], boards: Sequence[Board]) -> str:
    """Returns a table of the nets, and one for each board with its verdict."""
    parts = [markdown_table(made, _COLUMNS)]
    for board in boards:
        verdict = _verdict(made, board_scenario(board))
        parts += [f"## {board.name}", verdict, markdown_table(made, _board_columns(board))]
    return "\n\n".join(parts)


def _board_columns(board: Board) -> Columns[Forecast]:
    scenario = board_scenario(board)
    return (
        ("pixels", lambda row: str(row.resolution)),
        ("smallest subnet", lambda row: _on_board(row.smallest, board)),
        ("largest subnet", lambda row: _on_board(row.largest, board)),
        ("fits", lambda row: row.met_by(scenario)),
    )


def _verdict(made: Sequence[Forecast], scenario: Scenario) -> str:
    fitting = [row.resolution for row in made if scenario.met_by(row.smallest)]
    if not fitting:
        nearest = min(made, key=lambda row: scenario.share_of(row.smallest))
        missed = ", ".join(
            f"{budget.resource} {digits(budget.of(nearest.smallest))} of {digits(budget.limit)}"
            for budget in scenario.budgets
            if budget.of(nearest.smallest) > budget.limit
        )
        return f"Nothing fits: the smallest subnet at {nearest.resolution} pixels needs {missed}."
    return f"Images of {', '.join(map(str, fitting))} pixels have subnets that fit."


def _on_board(size: Cost, board: Board) -> str:
    fit = size.fit(board)
    milliseconds = size.latency_ms(board)
    latency = f"{digits(milliseconds)} ms"
    if board.latency_limit_ms:
        latency += f" of {board.latency_limit_ms:g}"
    flash = f"flash {fit.flash_used / 1024:.0f} of {fit.flash_available / 1024:.0f} KiB"
    arena = f"SRAM {fit.arena_used / 1024:.0f} of {fit.arena_available / 1024:.0f} KiB"
    return f"{latency}, {flash}, {arena}"


_COLUMNS: Columns[Forecast] = (
    ("pixels", lambda row: str(row.resolution)),
    ("MACs", lambda row: f"{row.smallest.macs / 1e6:.2f} to {row.largest.macs / 1e6:.2f} M"),
    (
        "flash KiB",
        lambda row: (
            f"{row.smallest.tflite_bytes / 1024:.0f} to {row.largest.tflite_bytes / 1024:.0f}"
        ),
    ),
    (
        "arena KiB",
        lambda row: (
            f"{row.smallest.arena_bytes / 1024:.0f} to {row.largest.arena_bytes / 1024:.0f}"
        ),
    ),
)
