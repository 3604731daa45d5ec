"""Whether a verified model fits a board: flash with the runtime's code, arena as on its core."""

from collections.abc import Iterable
from dataclasses import dataclass

from tflite_export.devices.boards import Board, known_boards
from tflite_export.devices.memory import memory_of
from tflite_export.devices.platforms import PLATFORMS
from tflite_export.graph.arena import aligned, kernel_sum_bytes, planned_bytes, scratch_bytes
from tflite_export.graph.arena_planning import transient_bytes
from tflite_export.graph.estimate import persistent_bytes
from tflite_export.graph.operators import Op, OperatorGraph
from tflite_export.graph.scratch_esp_nn import esp_nn_scratch_bytes

# The estimate was at most 20 B short of what was measured, and 16 B more make an arena work.
SLACK_BYTES = 256
# A dense layer's record is that much larger with CMSIS-NN (measured on the ten of MLPerf's AD, as
# part of the smallest arena that works: where planning decides, it is in that figure already).
_CMSIS_DENSE_BYTES = 32

# What a kernel of esp-tflite-micro may keep beyond the reference one: where its scratch buffer is.
_ESP_OP_BYTES = 16

# NodeAndRegistration with 44 instead of 32 bytes; a TfLiteTensor, of which input and output are
# kept, with 64 instead of 32.
_LARGE_OP_BYTES, _LARGE_TENSORS_BYTES = 12, 64

# KiB of code. Measured is the sum for CONV_2D, DEPTHWISE_CONV_2D, FULLY_CONNECTED, ADD and MEAN
# with int8 registrations, -O2, no printf: 78.3 KiB (Cortex-M4, CMSIS-NN), 81.0 (M0+), 66.6 (M55),
# 70.5 (M4, reference kernels). The division among ops is our estimate.
_FRAMEWORK_KIB = 30
_OP_KIB = {
    "CONV_2D": 17,
    "DEPTHWISE_CONV_2D": 14,
    "FULLY_CONNECTED": 7,
    "ADD": 5,
    "MEAN": 8,
    "AVERAGE_POOL_2D": 4,
    "MAX_POOL_2D": 4,
    "MUL": 5,
    "SOFTMAX": 5,
    "RESHAPE": 1,
}
_OTHER_OP_KIB = 5


@dataclass(frozen=True)
class BoardFit:
    """What a model takes of a board, and what there is; all in bytes.

    Attributes:
        board: its name.
        flash_used: the model and TFLite Micro's code.
        flash_available: without what the board profile reserves.
        arena_used: what firmware should reserve for the arena, slack included.
        arena_available: largest block of SRAM without what the profile reserves.
    """

    board: str
    flash_used: int
    flash_available: int
    arena_used: int
    arena_available: int

    @property
    def fits(self) -> bool:
        """Whether flash and SRAM are both enough."""
        return not self.missing

    @property
    def missing(self) -> str:
        """What is missing, with the numbers, for people; empty if the model fits."""
        memories = (
            ("flash", self.flash_used, self.flash_available),
            ("SRAM for the arena", self.arena_used, self.arena_available),
        )
        return ", ".join(
            f"{(used - available) / 1024:.1f} KiB of {name} "
            f"({used / 1024:.1f} used, {available / 1024:.1f} available)"
            for name, used, available in memories
            if used > available
        )


def fit(file: OperatorGraph, arena_bytes: int, nonpersistent_bytes: int, board: Board) -> BoardFit:
    """Compares a verified model with a board.

    Args:
        file: the parsed .tflite, as it will be flashed.
        arena_bytes: TFLite Micro's figure on this machine.
        nonpersistent_bytes: its planned part.
    """
    arena = arena_on_board(file, arena_bytes, nonpersistent_bytes, board) + SLACK_BYTES
    return BoardFit(
        board=board.name,
        flash_used=file.size_bytes + runtime_code_bytes(file),
        flash_available=board.flash_available_bytes,
        arena_used=aligned(arena),
        arena_available=board.arena_available_bytes,
    )


def estimate_fit(graph: OperatorGraph, board: Board) -> BoardFit:
    """Compares a composed graph with a board, without a file and without running it.

    Args:
        graph: of an int8 model.
    """
    planned = planned_bytes(graph)
    return fit(graph, planned + round(persistent_bytes(graph)), planned, board)


def largest_arena(file: OperatorGraph, arena_bytes: int, nonpersistent_bytes: int) -> int:
    """Returns the arena to reserve, in bytes, that is enough on every known board; see `fit`."""
    boards = known_boards().values()
    return max(fit(file, arena_bytes, nonpersistent_bytes, board).arena_used for board in boards)


def runtime_code_bytes(file: OperatorGraph) -> int:
    """Returns an estimate of TFLite Micro's code with the ops that the file uses."""
    return code_bytes(file.op_counts)


def code_bytes(ops: Iterable[str]) -> int:
    """Returns an estimate of TFLite Micro's code with these ops registered, each named once."""
    return 1024 * (_FRAMEWORK_KIB + sum(_OP_KIB.get(name, _OTHER_OP_KIB) for name in ops))


def arena_on_board(
    file: OperatorGraph, arena_bytes: int, nonpersistent_bytes: int, board: Board
) -> int:
    """Returns what TFLite Micro will need on the board, without slack; at most.

    That is what it counts, or what it takes while it plans, where activations are smaller.

    The runtimes of a board's platforms differ: structs are larger without TF_LITE_STATIC_MEMORY,
    and every kernel library has scratch buffers of its own. The largest counts.

    Five public models (MLPerf Tiny and person detection) come within 0.3 % or 350 B of counts on
    Cortex-M0+, M4 and M55 code, subnets and MobileNetV2 within 0.6 % or 240 B of what firmware
    printed on emulated M4 and M55 (`benchmarks/results/firmware`). ESP-NN's scratch buffers are as
    its source has them; no ESP was measured.

    Args:
        file: the parsed .tflite.
        arena_bytes: TFLite Micro's figure on this machine (64 bit, reference kernels).
        nonpersistent_bytes: its planned part.
    """
    if board.processor.pointer_bytes == 8:
        return arena_bytes + max(0, transient_bytes(file, 8) - nonpersistent_bytes)
    corrected = memory_of(file, arena_bytes).arena_bytes_32bit
    if board.has_large_structs:
        corrected += _LARGE_OP_BYTES * len(file.ops) + _LARGE_TENSORS_BYTES
    if board.kernels == "reference":
        return corrected + max(0, transient_bytes(file, 4) - nonpersistent_bytes)
    persistent, dense = corrected - nonpersistent_bytes, 0
    if board.kernels == "esp_nn":
        persistent += _ESP_OP_BYTES * len(file.ops)
    else:
        dense = _CMSIS_DENSE_BYTES * file.op_counts.get("FULLY_CONNECTED", 0)
        persistent += kernel_sum_bytes(file) if board.processor.has_mve else 0
    scratch = {number: _scratch_bytes(op, board) for number, op in enumerate(file.ops)}
    # Kernels of ops that are not in our tables have buffers of their own; the wheel counts those.
    planned = max(planned_bytes(file, scratch), nonpersistent_bytes)
    transient = transient_bytes(file, 4, sum(map(bool, scratch.values())))
    return persistent + max(planned + dense, transient)


def _scratch_bytes(op: Op, board: Board) -> int:
    """The most that one of the board's runtimes wants for an op."""
    older = "arduino" in (board.platforms or PLATFORMS)
    core = board.processor
    by_cmsis_nn = scratch_bytes(op, mve=core.has_mve, dsp=core.has_dsp, older=older)
    if board.kernels != "esp_nn":
        return by_cmsis_nn
    by_esp_nn = esp_nn_scratch_bytes(op, board.core)
    # The Arduino library has CMSIS-NN's plain C code on every core.
    return max(by_esp_nn, by_cmsis_nn) if older else by_esp_nn
