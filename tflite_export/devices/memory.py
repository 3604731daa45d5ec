"""What a model takes of a board's flash and SRAM."""

from dataclasses import dataclass

from tflite_export.graph.arena import aligned
from tflite_export.graph.operators import OperatorGraph

# Sizes measured on both sides: TfLiteEvalTensor 24 -> 12 B, NodeAndRegistration 64 -> 32 B, two
# TfLiteTensors and their quantisation records 88 B; the rest is what the recording allocator adds.
_SAVED_PER_TENSOR = 12
_SAVED_PER_OP = 32
_SAVED_BY_INPUT_AND_OUTPUT = 88
_RECORDING = 400
_RECORDING_PER_OP = 10

# For temporaries of planning.
_PLANNING_BYTES = 1024


@dataclass(frozen=True)
class Memory:
    """Flash and SRAM of one model, in bytes.

    Attributes:
        tflite_bytes: the .tflite file itself; the runtime's code comes on top.
        arena_bytes: tensor arena as TFLite Micro counts it on a 64-bit PC.
        arena_bytes_32bit: estimate for a 32-bit core with reference kernels, from the counts of
            tensors and ops; within 330 B on seven models (MLPerf Tiny, person detection, MBConv).
        arena_budget_bytes: what a program on a 64-bit PC should reserve: that and 1 KiB for
            temporaries of planning. For boards see `fit.py`: kernels need buffers of their own.
    """

    tflite_bytes: int
    arena_bytes: int
    arena_bytes_32bit: int
    arena_budget_bytes: int


def memory_of(file: OperatorGraph, arena_bytes: int) -> Memory:
    """Returns the memory figures of a file.

    Args:
        file: the parsed .tflite.
        arena_bytes: what the TFLite Micro wheel reports for it.
    """
    tensors, ops = len(file.tensors), len(file.ops)
    pointers = _SAVED_PER_TENSOR * tensors + _SAVED_PER_OP * ops + _SAVED_BY_INPUT_AND_OUTPUT
    recording = _RECORDING + _RECORDING_PER_OP * ops
    budget = aligned(arena_bytes + _PLANNING_BYTES)
    return Memory(file.size_bytes, arena_bytes, arena_bytes - pointers - recording, budget)
