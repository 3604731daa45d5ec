"""What a graph's file and its persistent arena take, before there is a file to measure.

Beside the weights a file holds scales of each channel, zero points shared by all layers of equal
width, and tables for each operator; TFLite Micro's persistent arena holds much the same. Least
squares over 30 `mcu` subnets of 0.4 to 42 MMACs with the versions of requirements.txt; largest
error 0.4 % of the file, 0.2 % of that arena part. `benchmarks/benchmark_deploy.py` checks it.
"""

from tflite_export.graph.operators import OperatorGraph

_FILE_BYTES_PER_CHANNEL, _FILE_BYTES_PER_WIDTH = 6.4, 11.75
_FILE_BYTES_PER_OPERATOR, _FILE_BYTES = 205, 1150
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
    widths = _bias_sizes(graph)
    return round(
        weight_bytes(graph)
        + _FILE_BYTES_PER_CHANNEL * sum(widths)
        + _FILE_BYTES_PER_WIDTH * sum(set(widths))
        + _FILE_BYTES_PER_OPERATOR * len(graph.ops)
        + _FILE_BYTES
    )


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
