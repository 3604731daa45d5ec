"""Sorts a supernet's channels by importance, so that narrower subnets keep the best ones.

A subnet uses the first channels of everything. Any channel may move if all that writes it and all
that reads it moves along: the function of the largest net stays the same.

Source: Once-for-All (arXiv 1908.09791), section 3.3: importance is the L1 norm of the weights that
read a channel.
"""

import dataclasses

import keras
import numpy as np

from tofa_tf.blocks.parts import ElasticConvBlock
from tofa_tf.layers.elastic_layers import ElasticBatchNormalization, ElasticConv2D
from tofa_tf.nets.supernet import Supernet
from tofa_tf.space.plan import make_plan


@dataclasses.dataclass(frozen=True)
class _Axis:
    """One axis of a weight, along which channels lie."""

    variable: keras.Variable
    axis: int


@dataclasses.dataclass
class _Channels:
    """All weights whose axes must be permuted together: those that write, pass or read channels."""

    passing: list[_Axis] = dataclasses.field(default_factory=list)
    reading: list[_Axis] = dataclasses.field(default_factory=list)

    def written_by(self, conv: ElasticConv2D) -> None:
        self.passing.append(_Axis(conv.kernel, 3))
        if conv.use_bias:
            self.passing.append(_Axis(conv.bias, 0))

    def normalized_by(self, bn: ElasticBatchNormalization) -> None:
        vectors = (bn.gamma, bn.beta, bn.moving_mean, bn.moving_variance)
        self.passing += [_Axis(vector, 0) for vector in vectors]

    def written_by_block(self, block: ElasticConvBlock) -> None:
        self.written_by(block.conv)
        self.normalized_by(block.bn)

    def read_by(self, kernel: keras.Variable) -> None:
        self.reading.append(_Axis(kernel, len(kernel.shape) - 2))

    def sort(self) -> None:
        importance = sum(_l1_norms(axis) for axis in self.reading)
        order = np.argsort(-importance, kind="stable")
        for axis in self.passing + self.reading:
            axis.variable.assign(np.take(axis.variable.numpy(), order, axis.axis))


def sort_channels(supernet: Supernet) -> None:
    """Sorts the channels of stem, stages, blocks, squeezes and head, the most important first.

    Args:
        supernet: built, with identity shortcuts; its largest net computes the same afterwards.
    """
    for channels in _groups(supernet):
        channels.sort()


def _groups(supernet: Supernet) -> list[_Channels]:
    """Every set of channels of the largest net that is free to be permuted by itself."""
    stream = _Channels()
    stream.written_by_block(supernet.stem)
    groups = [stream]
    plans = make_plan(supernet.space, supernet.space.max_arch).blocks
    for block, plan in zip(supernet.blocks, plans, strict=True):
        mid = stream
        if block.expand is not None:
            stream.read_by(block.expand.conv.kernel)
            mid = _Channels()
            mid.written_by_block(block.expand)
            groups.append(mid)
        mid.passing.append(_Axis(block.depthwise.kernel, 2))
        mid.normalized_by(block.depthwise_bn)
        if block.squeeze_excite is not None:
            groups.append(_squeeze(block.squeeze_excite.reduce, block.squeeze_excite.expand))
            mid.passing.append(_Axis(block.squeeze_excite.reduce.kernel, 2))
            mid.written_by(block.squeeze_excite.expand)
        mid.read_by(block.project.conv.kernel)
        # Where the block's input is added to its output, both have the same channels.
        if plan.shortcut != "identity":
            stream = _Channels()
            groups.append(stream)
        stream.written_by_block(block.project)
    return groups + _head_groups(supernet, stream)


def _squeeze(reduce: ElasticConv2D, expand: ElasticConv2D) -> _Channels:
    squeeze = _Channels()
    squeeze.written_by(reduce)
    squeeze.read_by(expand.kernel)
    return squeeze


def _head_groups(supernet: Supernet, stream: _Channels) -> list[_Channels]:
    groups = []
    if supernet.head_conv is not None:
        stream.read_by(supernet.head_conv.conv.kernel)
        stream = _Channels()
        stream.written_by_block(supernet.head_conv)
        groups.append(stream)
    if supernet.feature is not None:
        stream.read_by(supernet.feature.kernel)
        stream = _Channels()
        stream.written_by(supernet.feature)
        groups.append(stream)
    stream.read_by(supernet.classifier.kernel)
    return groups


def _l1_norms(axis: _Axis) -> np.ndarray:
    """Sum of absolute weights for each channel of the axis."""
    weights = np.moveaxis(np.abs(axis.variable.numpy()), axis.axis, 0)
    return weights.reshape(weights.shape[0], -1).sum(axis=1)
