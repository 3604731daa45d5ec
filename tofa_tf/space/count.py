"""Multiply-accumulates and parameters of a subnet, counted without composing its operators.

Samplers weigh several subnets for each that they draw: a count is much cheaper than a graph.
"""

from typing import NamedTuple

from tofa_tf.blocks.net_builder import Conv, Depthwise, NetBuilder
from tofa_tf.space.plan import Plan
from tofa_tf.space.search_space import SearchSpace
from tofa_tf.space.wire import wire


class Count(NamedTuple):
    """What a subnet computes and learns.

    Attributes:
        macs: multiply-accumulates of one image.
        params: trainable parameters, scale and offset of batch norms included.
    """

    macs: int
    params: int


def count(space: SearchSpace, plan: Plan, num_classes: int, channels: int = 3) -> Count:
    """Counts a subnet.

    Args:
        plan: of the subnet, see `plan.make_plan`.
        num_classes: outputs of the classifier; 0 leaves the classifier out.
        channels: of the images.
    """
    net = _CountingNet()
    wire(space, plan, num_classes, net, _Map(plan.resolution, channels))
    return Count(net.macs, net.params)


class _Map(NamedTuple):
    """A square map of features."""

    side: int
    channels: int


class _CountingNet(NetBuilder[_Map]):
    """Counts while the net is wired; names mean nothing to it."""

    def __init__(self) -> None:
        self.macs = 0
        self.params = 0

    def scope(self, name: str) -> "_CountingNet":
        return self

    def conv(self, x: _Map, op: Conv) -> _Map:
        side, weights = _shrunk(x.side, op.stride), op.kernel**2 * x.channels * op.filters
        self.macs += side**2 * weights
        self.params += weights + op.filters * (2 * op.norm + op.bias)
        return _Map(side, op.filters)

    def depthwise(self, x: _Map, op: Depthwise) -> _Map:
        side, weights = _shrunk(x.side, op.stride), op.kernel**2 * x.channels
        self.macs += side**2 * weights
        self.params += weights + 2 * x.channels
        return _Map(side, x.channels)

    def pool(self, x: _Map, name: str) -> _Map:
        return _Map(1, x.channels)

    def shrink(self, x: _Map, name: str, stride: int) -> _Map:
        return _Map(_shrunk(x.side, stride), x.channels)

    def add(self, x: _Map, y: _Map, name: str, activation: str = "linear") -> _Map:
        return y

    def multiply(self, x: _Map, gate: _Map, name: str) -> _Map:
        return x

    def dense(self, x: _Map, name: str, units: int) -> _Map:
        self.macs += x.channels * units
        self.params += (x.channels + 1) * units
        return _Map(1, units)

    def channels(self, x: _Map) -> int:
        return x.channels


def _shrunk(side: int, stride: int) -> int:
    return -(-side // stride)
