"""A board as a deployment scenario: its budgets."""

import numpy as np

from tflite_export.convert.convert import convert_int8
from tflite_export.devices.boards import Board
from tflite_export.devices.fit import code_bytes
from tflite_export.devices.latency import estimate_latency
from tflite_export.graph.flatbuffer import read_tflite
from tofa_tf.nets.static_net import build_static
from tofa_tf.select.fixed_rule import Scenario
from tofa_tf.space.arch import Arch
from tofa_tf.space.cost import list_operators
from tofa_tf.space.plan import make_plan
from tofa_tf.space.search_space import SearchSpace


def board_scenario(board: Board, space: SearchSpace) -> Scenario:
    """Turns a board into budgets of the closed-form cost.

    The runtime's code is taken off the flash, which is the main budget. Where the latency is
    limited MACs are, for a latency as bad for its MACs as that of the smallest or the largest net.
    What counts in the end is the verified file, see `tflite_export.devices.board_report`.
    """
    operators = list_operators(space, make_plan(space, space.min_arch), num_classes=1)
    code = code_bytes({op.kind for op in operators})
    memory = (
        ("flash_kib", (board.flash_available_bytes - code) / 1024),
        ("arena_kib", board.arena_available_bytes / 1024),
    )
    if not board.latency_ms:
        return Scenario(board.name, memory)
    slowest = max(_ms_per_mac(space, arch, board) for arch in (space.min_arch, space.max_arch))
    return Scenario(board.name, (("macs", board.latency_ms / slowest), *memory))


def _ms_per_mac(space: SearchSpace, arch: Arch, board: Board) -> float:
    model = build_static(space, make_plan(space, arch), num_classes=2)
    shape = (4, *model.inputs[0].shape[1:])
    noise = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    file = read_tflite(convert_int8(model, noise))
    return estimate_latency(file, board).estimate_ms / file.macs
