"""Scenarios as users give them, and a board as a scenario."""

import re
from collections.abc import Mapping

from tflite_export.devices.boards import Board, known_boards
from tofa_tf.common.errors import UserError
from tofa_tf.select.scenario import RESOURCES, Budget, Scenario, parse_number

_ON_BOARD = ("latency_ms", "fps")


def parse_scenarios(text: str) -> list[Scenario]:
    """Reads scenarios as they are given by users.

    Args:
        text: for example "macs=0.5M;latency_ms@rp2040=100;flash_kib=96,arena_kib=64".

    Raises:
        UserError: names the part that cannot be read and what is allowed.
    """
    scenarios = [_parse_scenario(part.strip()) for part in text.split(";") if part.strip()]
    if not scenarios:
        raise UserError('no scenario given; for example scenarios="macs=0.5M;flash_kib=96"')
    names = [scenario.name for scenario in scenarios]
    for name in names:
        if names.count(name) > 1:
            raise UserError(f"scenario {name!r} is given twice")
    return scenarios


def scenario_text(name: str, budgets: Mapping[str, float]) -> str:
    """Returns a scenario as `parse_scenarios` reads it: of the same budgets, and of the same name.

    Args:
        name: of the scenario.
        budgets: limits by the names of the budgets, in their order. Where the name was not made of
            them it becomes another one.
    """
    pieces = [budget.partition("@") for budget in budgets]
    # The name has every number as it was typed, and tells a frame rate from a latency.
    pattern = "-".join(
        f"({'|'.join(_ON_BOARD) if at else re.escape(kind)}){re.escape(board and f'_{board}')}_(.+)"
        for kind, at, board in pieces
    )
    if match := re.fullmatch(pattern, name):
        typed = zip(pieces, match.groups()[::2], match.groups()[1::2], strict=True)
        text = ",".join(f"{kind}{at}{board}={value}" for (_, at, board), kind, value in typed)
        if _is_of(text, name, budgets):
            return text
    return ",".join(f"{budget}={limit!r}" for budget, limit in budgets.items())


def _is_of(text: str, name: str, budgets: Mapping[str, float]) -> bool:
    try:
        (scenario,) = parse_scenarios(text)
    except UserError:
        return False
    same = {budget.name: budget.limit for budget in scenario.budgets} == dict(budgets)
    return same and scenario.name == name


def board_scenario(board: Board) -> Scenario:
    """Turns a board into budgets: its latency limit where it has one, its flash, its SRAM.

    What counts in the end is the verified file, see `tflite_export.devices.board_report`.
    """
    budgets: tuple[Budget, ...] = (
        Budget("flash_kib", board.flash_available_bytes / 1024, board),
        Budget("arena_kib", board.arena_available_bytes / 1024, board),
    )
    if board.latency_limit_ms:
        budgets = (Budget("latency_ms", board.latency_limit_ms, board), *budgets)
    return Scenario(board.name, budgets)


def _parse_scenario(text: str) -> Scenario:
    budgets: list[Budget] = []
    names = []
    for part in text.split(","):
        resource, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals:
            raise _unreadable(text, part.strip())
        budget = _budget(resource, value, text, part.strip())
        if budget.name in (other.name for other in budgets):
            raise UserError(f"scenario {text!r}: {resource} is given twice")
        budgets.append(budget)
        names.append(f"{resource.replace('@', '_')}_{value}")
    return Scenario("-".join(names), tuple(budgets))


def _budget(resource: str, value: str, scenario: str, part: str) -> Budget:
    try:
        limit = parse_number(value)
    except ValueError:
        limit = 0
    kind, at, board_name = resource.partition("@")
    if resource not in RESOURCES and not (at and kind in _ON_BOARD):
        raise _unreadable(scenario, part)
    if not limit:
        raise UserError(
            f"scenario {scenario!r}: {value!r} is not a positive number; 500000, 500k and 0.5M are"
        )
    if not at:
        return Budget(resource, limit)
    if board_name not in known_boards():
        raise UserError(
            f"scenario {scenario!r}: unknown board {board_name!r}; known are "
            f"{', '.join(known_boards())}"
        )
    # A least frame rate is a most latency.
    milliseconds = limit if kind == "latency_ms" else 1000 / limit
    return Budget("latency_ms", milliseconds, known_boards()[board_name])


def _unreadable(scenario: str, part: str) -> UserError:
    return UserError(
        f"scenario {scenario!r}: cannot read {part!r}; wanted is resource=budget with a resource "
        f"of {', '.join(RESOURCES)}, latency_ms@BOARD, fps@BOARD"
    )
