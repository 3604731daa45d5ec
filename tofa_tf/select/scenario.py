"""A deployment scenario: budgets that a subnet has to keep by its closed-form cost."""

import dataclasses
from collections.abc import Callable, Iterable

from tflite_export.common.names import NAMES_ALLOWED, is_name
from tflite_export.devices.boards import Board
from tofa_tf.common.errors import UserError
from tofa_tf.space.cost import Cost

_SUFFIXES = {"k": 1e3, "M": 1e6, "G": 1e9}


# What a scenario can limit, and how much of it a subnet takes.
RESOURCES: dict[str, Callable[[Cost], float]] = {
    "macs": lambda cost: cost.macs,
    "params": lambda cost: cost.params,
    "flash_kib": lambda cost: cost.tflite_bytes / 1024,
    "arena_kib": lambda cost: cost.arena_bytes / 1024,
}
# The same where it depends on the board: its kernels, its clock, the runtime's code.
BOARD_RESOURCES: dict[str, Callable[[Cost, Board], float]] = {
    "flash_kib": lambda cost, board: cost.fit(board).flash_used / 1024,
    "arena_kib": lambda cost, board: cost.fit(board).arena_used / 1024,
    "latency_ms": lambda cost, board: cost.latency_ms(board),
}


@dataclasses.dataclass(frozen=True)
class Budget:
    """One resource and how much of it there is.

    Attributes:
        resource: a name of `RESOURCES`, on a board of `BOARD_RESOURCES`.
        limit: most that a subnet may take.
        board: on which it counts; None: a figure of the net alone.
    """

    resource: str
    limit: float
    board: Board | None = None

    @property
    def name(self) -> str:
        """The resource, with the board where there is one."""
        return f"{self.resource}@{self.board.name}" if self.board else self.resource

    def of(self, cost: Cost) -> float:
        """How much a subnet takes."""
        if self.board:
            return BOARD_RESOURCES[self.resource](cost, self.board)
        return RESOURCES[self.resource](cost)


@dataclasses.dataclass(frozen=True)
class Scenario:
    """One deployment: a name and the budgets to keep; the first budget is the main one.

    Raises:
        UserError: if the name cannot be that of the scenario's folder.
    """

    name: str
    budgets: tuple[Budget, ...]

    def __post_init__(self) -> None:
        if not is_name(self.name):
            raise UserError(
                f"scenario {self.name!r}: its name becomes a folder; allowed are {NAMES_ALLOWED}"
            )

    def met_by(self, cost: Cost) -> bool:
        """Whether a subnet keeps every budget."""
        return all(budget.of(cost) <= budget.limit for budget in self.budgets)

    def share_of(self, cost: Cost) -> float:
        """What a subnet takes of the budget that it comes nearest to; above 1 it does not fit."""
        return max(budget.of(cost) / budget.limit for budget in self.budgets)

    def check_within(self, smallest: Iterable[Cost], space: str) -> None:
        """Makes sure that something fits.

        Args:
            smallest: cost of the smallest subnet of each resolution.
            space: name of the search space.

        Raises:
            UserError: if none of them meets the budgets; says by how much the nearest does not.
        """
        nearest = min(smallest, key=self.share_of)
        missed = ", ".join(
            f"{budget.name} {_number(budget.of(nearest))} of {_number(budget.limit)}"
            for budget in self.budgets
            if budget.of(nearest) > budget.limit
        )
        if missed:
            raise UserError(
                f"scenario {self.name!r}: nothing fits; the smallest subnet of {space} needs "
                f"{missed}; raise the budget, or choose other resolutions"
            )


def parse_number(text: str) -> float:
    """Reads a positive number such as 500000, 500k or 0.5M.

    Raises:
        ValueError: if it is none.
    """
    factor = _SUFFIXES.get(text[-1:], 1.0)
    value = float(text[:-1] if text[-1:] in _SUFFIXES else text) * factor
    if not 0 < value < float("inf"):
        raise ValueError(text)
    return value


def _number(value: float) -> str:
    for suffix, factor in reversed(_SUFFIXES.items()):
        if value >= factor:
            return f"{value / factor:.3g}{suffix}"
    return f"{value:.3g}"
