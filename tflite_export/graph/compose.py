"""Composes the graph of a net that was never converted, operator by operator.

What comes out is what the converter would make of an int8 model after lossless repacking: batch
norm folded into the convolutions, which all have a bias then, and activations fused or, where the
runtime has to compute them, operators of their own.
"""

import math

from tflite_export.graph.estimate import file_bytes
from tflite_export.graph.operators import Op, OperatorGraph, Tensor

# The runtime clamps these while it writes a result.
_FUSED = ("linear", "relu", "relu6")
_BYTES = {"int8": 1, "int32": 4}


class GraphComposer:
    """Grows a graph; every method adds operators and returns the tensor that they write.

    Args:
        height, width, channels: of the int8 image that the net reads.
    """

    def __init__(self, height: int, width: int, channels: int):
        self.tensors: list[Tensor] = []
        self.ops: list[Op] = []
        self.image = self._tensor((1, height, width, channels))

    def graph(self, output: Tensor) -> OperatorGraph:
        """Returns the graph, with an estimate of its file's size.

        Args:
            output: what the net writes at the end.
        """
        tensors, ops = tuple(self.tensors), tuple(self.ops)
        size = file_bytes(OperatorGraph(0, tensors, ops, (self.image,), (output,)))
        return OperatorGraph(size, tensors, ops, (self.image,), (output,))

    def conv(
        self,
        x: Tensor,
        filters: int,
        kernel: int = 1,
        stride: int = 1,
        activation: str = "linear",
        pad: bool = False,
    ) -> Tensor:
        """A convolution with square kernel.

        Args:
            pad: whether kernel // 2 pixels on every side are padded by an operator of their own.
        """
        _, height, width, in_channels = x.shape
        if pad:
            x = self._pad(x, kernel // 2)
        weights = self._constant((filters, kernel, kernel, in_channels))
        shape = (1, _ceil(height, stride), _ceil(width, stride), filters)
        y = self._op("CONV_2D", (x, weights, self._bias(filters)), shape)
        return self._activate(y, activation)

    def depthwise(
        self,
        x: Tensor,
        kernel: int,
        stride: int = 1,
        activation: str = "linear",
        pad: bool = False,
    ) -> Tensor:
        """A depthwise convolution with square kernel; `pad` as in `conv`."""
        _, height, width, channels = x.shape
        if pad:
            x = self._pad(x, kernel // 2)
        weights = self._constant((1, kernel, kernel, channels))
        shape = (1, _ceil(height, stride), _ceil(width, stride), channels)
        y = self._op("DEPTHWISE_CONV_2D", (x, weights, self._bias(channels)), shape)
        return self._activate(y, activation)

    def average_pool(self, x: Tensor, stride: int) -> Tensor:
        """The average over windows of stride x stride, without overlap."""
        _, height, width, channels = x.shape
        shape = (1, _ceil(height, stride), _ceil(width, stride), channels)
        return self._op("AVERAGE_POOL_2D", (x,), shape)

    def add(self, x: Tensor, y: Tensor, activation: str = "linear") -> Tensor:
        """The sum of two tensors of equal shape."""
        return self._activate(self._op("ADD", (x, y), y.shape), activation)

    def multiply(self, x: Tensor, y: Tensor) -> Tensor:
        """The product; a y of fewer elements is broadcast."""
        return self._op("MUL", (x, y), x.shape)

    def dense(self, x: Tensor, units: int) -> Tensor:
        """A dense layer on (1, 1, 1, channels)."""
        weights = self._constant((units, x.shape[-1]))
        return self._op("FULLY_CONNECTED", (x, weights, self._bias(units)), (1, units))

    def _activate(self, x: Tensor, activation: str) -> Tensor:
        if activation in _FUSED:
            return x
        if activation == "hard_swish":
            return self._op("HARD_SWISH", (x,), x.shape)
        if activation == "swish":
            return self.multiply(x, self._op("LOGISTIC", (x,), x.shape))
        if activation == "hard_sigmoid":
            # Shift and clamp are fused into the convolution, a sixth of it is not.
            return self.multiply(x, self._constant(()))
        raise ValueError(f"no operators are known for activation {activation!r}")

    def _pad(self, x: Tensor, pixels: int) -> Tensor:
        if not pixels:
            return x
        _, height, width, channels = x.shape
        shape = (1, height + 2 * pixels, width + 2 * pixels, channels)
        return self._op("PAD", (x, self._constant((4, 2), "int32")), shape)

    def _bias(self, channels: int) -> Tensor:
        return self._constant((channels,), "int32")

    def _constant(self, shape: tuple[int, ...], dtype: str = "int8") -> Tensor:
        return self._tensor(shape, dtype, math.prod(shape) * _BYTES[dtype])

    def _op(self, name: str, inputs: tuple[Tensor, ...], shape: tuple[int, ...]) -> Tensor:
        output = self._tensor(shape)
        self.ops.append(Op(name, inputs, (output,)))
        return output

    def _tensor(self, shape: tuple[int, ...], dtype: str = "int8", data_bytes: int = 0) -> Tensor:
        tensor = Tensor(len(self.tensors), "", shape, dtype, (), (), data_bytes)
        self.tensors.append(tensor)
        return tensor


def _ceil(size: int, stride: int) -> int:
    """Height or width behind an odd kernel, padded to keep the size at stride 1."""
    return -(-size // stride)
