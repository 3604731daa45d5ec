"""How TFLite Micro lays out a file's activations, with the scratch buffers of a kernel library.

The wheel counts with reference kernels; optimised kernels need buffers of their own, which the
planner places among the activations. Playing the same plan tells what that costs: often nothing.
"""

from tflite_export.graph.operators import Op, OperatorGraph, Tensor

_ALIGNMENT_BYTES = 16

# Depthwise convolution with vectors works on blocks of so many channels, four results at a time.
_MVE_BLOCK_CHANNELS = 124


def planned_bytes(file: OperatorGraph, scratch: dict[int, int] | None = None) -> int:
    """Returns the size of TFLite Micro's non-persistent arena.

    The planner places the largest buffer first, and each next one in the lowest gap that is free
    for its whole life.

    Args:
        file: the parsed .tflite.
        scratch: bytes of the scratch buffer of ops, by their number.

    Source: GreedyMemoryPlanner of TFLite Micro.
    """
    buffers = _lifetimes(file)
    buffers += [(size, number, number) for number, size in (scratch or {}).items() if size]
    placed: list[tuple[int, int, int, int]] = []
    for index in sorted(range(len(buffers)), key=lambda i: (-buffers[i][0], -i)):
        size, first, last = buffers[index]
        size, start = aligned(size), 0
        for low, high, other_first, other_last in sorted(placed):
            if other_first > last or first > other_last:
                continue
            if low - start >= size:
                break
            start = max(start, high)
        placed.append((start, start + size, first, last))
    return max(high for _, high, _, _ in placed)


def scratch_bytes(op: Op, *, mve: bool, dsp: bool, older: bool = False) -> int:
    """Returns the scratch buffer that CMSIS-NN's int8 kernel wants for an op.

    Args:
        mve: core with vector extension (Cortex-M55, M85).
        dsp: core with DSP instructions (Cortex-M4, M7, M33).
        older: the version of 2023 that the Arduino library has.

    Source: `arm_*_s8_get_buffer_size` of CMSIS-NN; its special cases for dilated and 1 x n
    convolutions, and for depthwise ones of a single channel, are left out.
    """
    if op.name == "AVERAGE_POOL_2D":
        return 4 * op.inputs[0].shape[-1] if dsp and not mve else 0
    if op.name == "DEPTHWISE_CONV_2D":
        return _depthwise_scratch(op, mve=mve, dsp=dsp, older=older)
    if op.name != "CONV_2D":
        return 0
    _, height, width, in_channels = op.inputs[1].shape
    if height == width == 1:
        return 0
    column = height * width * in_channels
    # Four columns of int8 in whole vectors, or two of int16 in whole words.
    return 4 * _rounded_up(column, 16) if mve else 2 * 2 * _rounded_up(column, 4)


def _depthwise_scratch(op: Op, *, mve: bool, dsp: bool, older: bool) -> int:
    _, height, width, out_channels = op.inputs[1].shape
    if op.inputs[0].shape[-1] != out_channels:
        return 0
    if mve:
        return 4 * _MVE_BLOCK_CHANNELS * height * width
    # The 3x3 kernel, which nets are full of, needs none any more.
    needs_one = dsp and ((height, width) != (3, 3) or older)
    return 2 * out_channels * height * width if needs_one else 0


def kernel_sum_bytes(file: OperatorGraph) -> int:
    """Returns what dense layers keep for good with vector kernels: an int32 for every output."""
    dense = (op for op in file.ops if op.name == "FULLY_CONNECTED")
    return sum(aligned(4 * op.outputs[0].shape[-1]) for op in dense)


def _lifetimes(file: OperatorGraph) -> list[tuple[int, int, int]]:
    """Returns (bytes, first op, last op) per activation; the input is there before op 0."""
    first = {tensor.index: -1 for tensor in file.inputs}
    last = dict.fromkeys(first, 0)
    sizes = {tensor.index: _size(tensor) for tensor in file.inputs}
    for number, op in enumerate(file.ops):
        for tensor in op.outputs:
            first[tensor.index], last[tensor.index] = number, number
            sizes[tensor.index] = _size(tensor)
        for tensor in op.inputs:
            if tensor.index in first:
                last[tensor.index] = number
    for tensor in file.outputs:
        last[tensor.index] = len(file.ops)
    return [(sizes[index], first[index], last[index]) for index in first]


def _size(tensor: Tensor) -> int:
    return tensor.size * {"int8": 1, "uint8": 1, "int16": 2, "int64": 8}.get(tensor.dtype, 4)


def aligned(size_bytes: int) -> int:
    """Rounds a size up to what TFLite Micro aligns everything in the arena to."""
    return _rounded_up(size_bytes, _ALIGNMENT_BYTES)


def _rounded_up(value: int, multiple: int) -> int:
    return -(-value // multiple) * multiple
