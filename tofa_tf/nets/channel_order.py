"""Sorts a supernet's channels by importance, so that narrower subnets keep the best ones.

A subnet uses the first channels of everything. Any channel may move if all that writes it and all
that reads it moves along: the function of the largest net stays the same.

Source: Once-for-All (arXiv 1908.09791), section 3.3: importance is the L1 norm of the weights that
read a channel.
"""

import dataclasses

import keras
import numpy as np

from tofa_tf.blocks.net_builder import Conv, Depthwise, NetBuilder
from tofa_tf.layers.elastic_layers import ElasticBatchNormalization
from tofa_tf.nets.supernet import Supernet
from tofa_tf.space.plan import make_plan
from tofa_tf.space.wire import wire


def sort_channels(supernet: Supernet) -> None:
    """Sorts the channels that the largest net uses, the most important first.

    Args:
        supernet: built; its largest net computes the same afterwards.
    """
    space = supernet.space
    finder = _ChannelFinder(supernet)
    plan = make_plan(space, space.max_arch)
    # What the image and the logits mean is not ours to permute.
    wire(space, plan, supernet.num_classes, finder, _Channels(movable=False))
    for channels in finder.groups:
        channels.root.sort()


@dataclasses.dataclass(frozen=True)
class _Axis:
    """One axis of a weight, along which channels lie."""

    variable: keras.Variable
    axis: int


class _Channels:
    """All weights whose axes must be permuted together: those that write, pass or read channels."""

    def __init__(self, movable: bool = True):
        self.movable = movable
        self.passing: list[_Axis] = []
        self.reading: list[_Axis] = []
        self._merged_into: _Channels | None = None
        self._sorted = False

    @property
    def root(self) -> "_Channels":
        """The group that this one has become part of."""
        return self._merged_into.root if self._merged_into else self

    def merge(self, other: "_Channels") -> "_Channels":
        """Makes both one group: they are added or multiplied."""
        mine, others = self.root, other.root
        if mine is not others:
            mine.passing += others.passing
            mine.reading += others.reading
            mine.movable &= others.movable
            others._merged_into = mine
        return mine

    def sort(self) -> None:
        """Permutes the weights once, however often it is called."""
        if self._sorted or not self.movable or not self.reading:
            return
        self._sorted = True
        importance = sum(_l1_norms(axis) for axis in self.reading)
        order = np.argsort(-importance, kind="stable")
        for axis in self.passing + self.reading:
            axis.variable.assign(np.take(axis.variable.numpy(), order, axis.axis))


class _ChannelFinder(NetBuilder[_Channels]):
    """Follows channels through the largest net; a value is the group of its channels."""

    def __init__(self, supernet: Supernet):
        self.supernet = supernet
        self.groups: list[_Channels] = []

    def conv(self, x: _Channels, op: Conv) -> _Channels:
        part = self.supernet.part(self.prefix + op.name)
        x.root.reading.append(_Axis(part.conv.kernel, 2))
        written = self._group()
        written.passing.append(_Axis(part.conv.kernel, 3))
        if op.bias:
            written.passing.append(_Axis(part.conv.bias, 0))
        if op.norm:
            written.passing += _norm_axes(part.bn)
        return written

    def depthwise(self, x: _Channels, op: Depthwise) -> _Channels:
        part = self.supernet.part(self.prefix + op.name)
        x.root.passing += [_Axis(part.conv.kernel, 2), *_norm_axes(part.bn)]
        return x

    def pool(self, x: _Channels, name: str) -> _Channels:
        return x

    def shrink(self, x: _Channels, name: str, stride: int) -> _Channels:
        return x

    def add(self, x: _Channels, y: _Channels, name: str, activation: str = "linear") -> _Channels:
        return x.merge(y)

    def multiply(self, x: _Channels, gate: _Channels, name: str) -> _Channels:
        return x.merge(gate)

    def dense(self, x: _Channels, name: str, units: int) -> _Channels:
        x.root.reading.append(_Axis(self.supernet.part(self.prefix + name).kernel, 0))
        return _Channels(movable=False)

    def channels(self, x: _Channels) -> int:
        return x.root.passing[0].variable.shape[x.root.passing[0].axis]

    def _group(self) -> _Channels:
        self.groups.append(_Channels())
        return self.groups[-1]


def _norm_axes(bn: ElasticBatchNormalization) -> list[_Axis]:
    return [_Axis(v, 0) for v in (bn.gamma, bn.beta, bn.moving_mean, bn.moving_variance)]


def _l1_norms(axis: _Axis) -> np.ndarray:
    """Sum of absolute weights for each channel of the axis."""
    weights = np.moveaxis(np.abs(axis.variable.numpy()), axis.axis, 0)
    return weights.reshape(weights.shape[0], -1).sum(axis=1)
