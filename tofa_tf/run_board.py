"""A board as a deployment scenario: its budgets, and what the report says of it."""

import dataclasses
from typing import Any

from tflite_export.board_report import BoardReport
from tflite_export.devices.boards import Board
from tflite_export.export_model import ExportReport
from tflite_export.fit import code_bytes
from tofa_tf.cost import list_operators
from tofa_tf.plan import make_plan
from tofa_tf.search_space import SearchSpace
from tofa_tf.selection import Scenario


def board_scenario(board: Board, space: SearchSpace) -> Scenario:
    """Turns a board into budgets of the closed-form cost; flash is the main one.

    The runtime's code is taken off the flash. What counts in the end is the verified file, see
    `tflite_export.fit`.
    """
    operators = list_operators(space, make_plan(space, space.min_arch), num_classes=1)
    code = code_bytes({op.kind for op in operators})
    return Scenario(
        board.name,
        (
            ("flash_kib", (board.flash_available_bytes - code) / 1024),
            ("arena_kib", board.arena_available_bytes / 1024),
        ),
    )


def board_entry(report: BoardReport) -> dict[str, float | str]:
    """What `report.json` says of a scenario's board; the latency is an estimate."""
    return {
        **dataclasses.asdict(report.fit),
        "latency_estimate_ms": report.latency.estimate_ms,
        "latency_relative_error": report.latency.relative_error,
    }


def npu_entries(report: ExportReport) -> list[dict[str, Any]]:
    """What `report.json` says of every NPU: Vela's estimates beside that of the board's CPU."""
    board = report.boards[0] if report.boards else None
    own = board.npu if board else None
    npus = [own if own and own.config == npu.config else npu for npu in report.npus]
    cpu_ms = board.latency.estimate_ms if board else None
    return [{**dataclasses.asdict(npu), "cpu_estimate_ms": cpu_ms} for npu in npus]
