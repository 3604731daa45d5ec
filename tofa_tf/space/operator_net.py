"""A net as the graph of its operators, composed from the description of its blocks."""

from tflite_export.graph.compose import GraphComposer
from tflite_export.graph.operators import Tensor
from tofa_tf.blocks.net_builder import Conv, Depthwise, NetBuilder


class OperatorNet(NetBuilder[Tensor]):
    """Composes the operators of an int8 model.

    Args:
        resolution: height and width of the image.
        channels: of the image.
        padding: of all convolutions, "same" or "symmetric".
    """

    def __init__(self, resolution: int, channels: int, padding: str):
        self.composer = GraphComposer(resolution, resolution, channels)
        self.padding = padding

    def conv(self, x: Tensor, op: Conv) -> Tensor:
        pad = self._has_pad(op.kernel, op.stride)
        return self.composer.conv(x, op.filters, op.kernel, op.stride, op.activation, pad)

    def depthwise(self, x: Tensor, op: Depthwise) -> Tensor:
        pad = self._has_pad(op.kernel, op.stride)
        return self.composer.depthwise(x, op.kernel, op.stride, op.activation, pad)

    def pool(self, x: Tensor, name: str) -> Tensor:
        return self.composer.average_pool(x, x.shape[1])

    def shrink(self, x: Tensor, name: str, stride: int) -> Tensor:
        return self.composer.average_pool(x, stride)

    def add(self, x: Tensor, y: Tensor, name: str, activation: str = "linear") -> Tensor:
        return self.composer.add(x, y, activation)

    def multiply(self, x: Tensor, gate: Tensor, name: str) -> Tensor:
        return self.composer.multiply(x, gate)

    def dense(self, x: Tensor, name: str, units: int) -> Tensor:
        return self.composer.dense(x, units)

    def channels(self, x: Tensor) -> int:
        return x.shape[-1]

    def _has_pad(self, kernel: int, stride: int) -> bool:
        """Symmetric padding needs an operator where TensorFlow's SAME would differ."""
        return self.padding == "symmetric" and stride > 1 and kernel > 1
