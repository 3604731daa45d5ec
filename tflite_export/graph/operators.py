"""The one form in which the project knows a deployed net: operators, their tensors, their shapes.

It is read from a .tflite file (`flatbuffer.py`) or composed without one (`compose.py`); arena,
flash, latency and fit are computed from it in either case.
"""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple


class Tensor(NamedTuple):
    """One tensor of a graph.

    Attributes:
        name: the converter's name: path of the Keras layer it comes from, several joined by ";".
        dtype: "int8", "int32", "float32" ...
        scales: one per channel, or one for the whole tensor; empty where it is not quantised.
        zero_points: as many as there are scales.
        data_bytes: size of its constant data; 0 for an activation.
    """

    index: int  # type: ignore[assignment]  # Hides a method of tuples that nobody needs here.
    name: str
    shape: tuple[int, ...]
    dtype: str
    scales: tuple[float, ...]
    zero_points: tuple[int, ...]
    data_bytes: int

    @property
    def size(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)

    @property
    def origin(self) -> str:
        """First part of the name: the last of the layers that were fused into this tensor."""
        return self.name.split(";")[0]


@dataclass(frozen=True)
class Op:
    """One operator; `inputs` leaves out optional tensors that are absent."""

    name: str
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        """All inputs, constants included, and outputs."""
        return self.inputs + self.outputs

    @cached_property
    def macs(self) -> int:
        """Multiply-accumulates of one inference; 0 for ops that are not sums of products."""
        return _count_macs(self)

    @property
    def origin(self) -> str:
        """Name that tells a reader which layer the op comes from."""
        # The model's output is called "Identity" only; next best are the op's own weights.
        weights_first = sorted(self.inputs, key=lambda tensor: tensor.data_bytes == 0)
        names = [tensor.origin for tensor in (*self.outputs, *weights_first)]
        return next((name for name in names if "/" in name), names[0])


@dataclass(frozen=True)
class OperatorGraph:
    """A deployed net: what a .tflite file holds, or what a net that was never converted would.

    Attributes:
        size_bytes: of the file, or an estimate of it.
        ops: in the order in which they run.
    """

    size_bytes: int
    tensors: tuple[Tensor, ...]
    ops: tuple[Op, ...]
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]

    @property
    def macs(self) -> int:
        """Multiply-accumulates of one inference."""
        return sum(op.macs for op in self.ops)

    @property
    def op_counts(self) -> dict[str, int]:
        """How often each op occurs, in order of first use."""
        counts: dict[str, int] = {}
        for op in self.ops:
            counts[op.name] = counts.get(op.name, 0) + 1
        return counts


def _count_macs(op: Op) -> int:
    match op.name:
        case "CONV_2D":
            _, height, width, in_channels = op.inputs[1].shape
            return op.outputs[0].size * height * width * in_channels
        case "DEPTHWISE_CONV_2D":
            _, height, width, _ = op.inputs[1].shape
            return op.outputs[0].size * height * width
        case "TRANSPOSE_CONV":
            out_channels, height, width, _ = op.inputs[1].shape
            return op.inputs[2].size * height * width * out_channels
        case "FULLY_CONNECTED":
            return op.outputs[0].size * op.inputs[1].shape[-1]
        case "BATCH_MATMUL":
            # One of the two may stand for all of a batch.
            *batch, _, columns = op.outputs[0].shape
            return math.prod(batch) * math.prod(op.inputs[0].shape[-2:]) * columns
    return 0
