"""What TFLite Micro takes of the arena while it plans, and gives back before the model runs.

Where activations are small and tensors many, an arena has to be larger for this than for the model
itself: the runtime lists all tensors, those in flash too, beside what stays in the arena for good.
"""

from tflite_export.graph.operators import Op, OperatorGraph

# ScratchBufferRequest: a size and two numbers; there is always room for those of one more operator.
_REQUESTS = 12
# What GreedyMemoryPlanner keeps of a buffer: ten numbers of 32 bits.
_PLANNED_BUFFER_BYTES = 40
# Of a convolution's persistent data, what is there once it is prepared: multiplier and shift.
_PER_CHANNEL_BYTES = 8
_PER_CHANNEL_OPS = ("CONV_2D", "DEPTHWISE_CONV_2D")


def transient_bytes(file: OperatorGraph, pointer_bytes: int, scratch_buffers: int = 0) -> int:
    """Returns the most that preparing and planning take; arguments as of `planning_bytes`."""
    arguments = file, pointer_bytes, scratch_buffers
    return max(planning_bytes(*arguments), preparing_bytes(*arguments))


def planning_bytes(file: OperatorGraph, pointer_bytes: int, scratch_buffers: int = 0) -> int:
    """Returns what listing and planning all buffers takes beside what stays for good, in bytes.

    The structs of input and output come after the plan, and are subtracted.

    Args:
        file: the parsed .tflite.
        pointer_bytes: 4 or 8.
        scratch_buffers: how many the kernels ask for.

    Source: AllocationInfoBuilder, GreedyMemoryPlanner and MicroInterpreter of TFLite Micro.
    """
    planned = {tensor.index for tensor in file.inputs}
    planned |= {tensor.index for op in file.ops for tensor in op.outputs}
    return (
        _requests_bytes(pointer_bytes, scratch_buffers)
        + pointer_bytes
        + (2 * pointer_bytes + 16) * (len(file.tensors) + scratch_buffers)
        + _PLANNED_BUFFER_BYTES * (len(planned) + scratch_buffers)
        - _input_and_output_bytes(pointer_bytes)
    )


def preparing_bytes(file: OperatorGraph, pointer_bytes: int, scratch_buffers: int = 0) -> int:
    """Returns what preparing the most demanding operator takes likewise; at most.

    Args:
        file, pointer_bytes, scratch_buffers: as of `planning_bytes`.

    Source: `Prepare` of the kernels of TFLite Micro.
    """
    most, later = 0, _input_and_output_bytes(pointer_bytes)
    for op in reversed(file.ops):
        most = max(most, _tensors_bytes(op, pointer_bytes) - later)
        later += _PER_CHANNEL_BYTES * op.outputs[0].shape[-1] * (op.name in _PER_CHANNEL_OPS)
    return _requests_bytes(pointer_bytes, scratch_buffers) + most


def _requests_bytes(pointer_bytes: int, scratch_buffers: int) -> int:
    return (pointer_bytes + 8) * (_REQUESTS + scratch_buffers)


def _tensors_bytes(op: Op, pointer_bytes: int) -> int:
    """Of each tensor the struct, its quantisation and a zero point a channel.

    Kernels ask for tensors to look at them and again to derive multipliers, for a bias only then.
    """
    asked = op.tensors + op.inputs[:2] + op.outputs
    return sum(11 * pointer_bytes + 4 + 4 * len(tensor.scales) for tensor in asked)


def _input_and_output_bytes(pointer_bytes: int) -> int:
    """Pointer, struct, quantisation and zero point of both."""
    return 2 * (12 * pointer_bytes + 8)
