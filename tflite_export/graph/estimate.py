"""What a graph's file and its persistent arena take, before there is a file to measure.

A file is counted vector by vector, as `repack` writes it: contents at 16 bytes, scales of each
channel, zero points shared by all layers of equal width, each shape once. What its tables take is
least squares over 12 subnets of `mcu`, `mcu_ds` and `mcu_resnet` of 17 to 693 kB with the versions
of requirements.txt; largest error of a file 33 bytes, or 0.1 %. TFLite Micro's persistent arena
likewise, over 30 `mcu` subnets of 0.4 to 42 MMACs; largest error 0.2 %.
`benchmarks/benchmark_families.py` checks both.
"""

from tflite_export.graph.operators import OperatorGraph

_FILE_BYTES_PER_OPERATOR, _FILE_BYTES_PER_CONSTANT, _FILE_BYTES_PER_KIND = 99, 60, 78
_FILE_BYTES = 251
# With a scale and a zero point for each output channel.
_PER_CHANNEL = ("CONV_2D", "DEPTHWISE_CONV_2D")
_ARENA_BYTES_PER_CHANNEL, _ARENA_BYTES_PER_OPERATOR, _ARENA_BYTES = 8, 222, 961


def weight_bytes(graph: OperatorGraph) -> int:
    """Returns the bytes of int8 kernels and int32 biases."""
    constants = {
        tensor.index: tensor.data_bytes
        for op in graph.ops
        if len(op.inputs) == 3
        for tensor in op.inputs[1:]
    }
    return sum(constants.values())


def file_bytes(graph: OperatorGraph) -> int:
    """Returns an estimate of the .tflite file, losslessly repacked."""
    constants = {t.index: t for op in graph.ops for t in op.inputs if t.data_bytes}.values()
    activations = (*graph.inputs, *(tensor for op in graph.ops for tensor in op.outputs))
    shapes = {tensor.shape for tensor in (*constants, *activations)}
    channels = [op.inputs[2].size for op in graph.ops if op.name in _PER_CHANNEL]
    vectors = (
        # A length before each; kernel and bias have scales of their own.
        *(4 + _aligned(tensor.data_bytes) for tensor in constants),
        *(2 * (4 + 4 * count) for count in channels),
        *(8 + 8 * width for width in set(channels)),
        *(4 + 4 * len(shape) for shape in shapes),
    )
    return (
        sum(vectors)
        + _FILE_BYTES_PER_OPERATOR * len(graph.ops)
        + _FILE_BYTES_PER_CONSTANT * len(constants)
        + _FILE_BYTES_PER_KIND * len({op.name for op in graph.ops})
        + _FILE_BYTES
    )


def _aligned(size: int) -> int:
    return -(-size // 16) * 16


def persistent_bytes(graph: OperatorGraph) -> int:
    """Returns an estimate of the part of the arena that is not planned, on a 64-bit machine."""
    channels = sum(_bias_sizes(graph))
    return (
        _ARENA_BYTES_PER_CHANNEL * channels
        + _ARENA_BYTES_PER_OPERATOR * len(graph.ops)
        + _ARENA_BYTES
    )


def _bias_sizes(graph: OperatorGraph) -> list[int]:
    """Channels of every convolution and dense layer."""
    return [op.inputs[2].size for op in graph.ops if len(op.inputs) == 3]
