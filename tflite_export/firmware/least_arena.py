"""Arenas that are certainly too small: generated code refuses them before the runtime is asked.

TFLite Micro's kernels do not check what they get of the arena for good, and write through null when
it is spent; what it needs after that, for its plan and the activations, it checks.
"""

from tflite_export.devices.fit import SLACK_BYTES
from tflite_export.devices.memory import memory_of
from tflite_export.graph.arena_planning import planning_bytes
from tflite_export.graph.operators import OperatorGraph

# Reserved figures, slack included, are at most 2 % and 0.5 KiB too much.
_TOLERANCE, _TOLERANCE_BYTES = 0.02, 512
# The wheel counts its own recording, 272 B or more; a dense layer's record is larger there.
_RECORDING_BYTES, _DENSE_BYTES = 256, 32


def least_arena(file: OperatorGraph, arena_bytes: int, nonpersistent_bytes: int) -> int:
    """Returns a size, in bytes, with less than which no runtime works on a 32-bit core.

    Optimised kernels and larger structs only add to what reference kernels need.

    Args:
        file: the parsed .tflite.
        arena_bytes: TFLite Micro's figure on this machine (64 bit, reference kernels).
        nonpersistent_bytes: its planned part.
    """
    on_board = memory_of(file, arena_bytes).arena_bytes_32bit
    return _least(file, on_board, nonpersistent_bytes, 4)


def least_host_arena(file: OperatorGraph, arena_bytes: int, nonpersistent_bytes: int) -> int:
    """Returns the same where pointers have 64 bits; arguments as of `least_arena`."""
    return _least(file, arena_bytes - _RECORDING_BYTES, nonpersistent_bytes, 8)


def _least(file: OperatorGraph, arena: int, nonpersistent_bytes: int, pointer_bytes: int) -> int:
    planning = planning_bytes(file, pointer_bytes)
    needed = arena + max(0, planning - nonpersistent_bytes)
    needed -= _DENSE_BYTES * file.op_counts.get("FULLY_CONNECTED", 0)
    return int((1.0 - _TOLERANCE) * (needed + SLACK_BYTES)) - _TOLERANCE_BYTES
