"""A block of any family as one Keras layer whose sizes are arguments of the call."""

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from tofa_tf.blocks.elastic import ElasticNet, Parts, PartsBuilder
from tofa_tf.blocks.family import Block, BlockPlan
from tofa_tf.blocks.net_builder import Size, Truth
from tofa_tf.distribute.replicas import ALONE, Replicas
from tofa_tf.layers.elastic_layers import channels_of


@keras.saving.register_keras_serializable(package="tofa_tf")
class ElasticBlock(keras.layers.Layer):
    """The elastic form of a block: it holds the weights of the largest and uses the first of them.

    Args:
        block: the family with its options, or that as JSON data.
        max_in_channels: most channels of the input.
        max_width: most channels of the output.
        stride: of the block.
        index: place in its stage, from 0.
        keeps_width: whether as many channels enter as leave; None: that depends on the subnet.
        padding, bn_momentum, bn_epsilon: as in `ElasticConvNorm`.
    """

    def __init__(
        self,
        block: Block | Mapping[str, Any],
        max_in_channels: int,
        max_width: int,
        stride: int = 1,
        index: int = 0,
        keeps_width: bool | None = None,
        padding: str = "same",
        bn_momentum: float = 0.99,
        bn_epsilon: float = 1e-3,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.block = block if isinstance(block, Block) else Block.from_json(block)
        self._config = {
            "block": self.block.to_json(),
            "max_in_channels": max_in_channels,
            "max_width": max_width,
            "stride": stride,
            "index": index,
            "keeps_width": keeps_width,
            "padding": padding,
            "bn_momentum": bn_momentum,
            "bn_epsilon": bn_epsilon,
        }
        self.index = index
        self.stride = stride
        self.max_width = max_width
        self.keeps_width = keeps_width
        self.max_sizes = self.block.sizes(max_in_channels, max_width, index, self.block.largest())
        builder = PartsBuilder(padding, bn_momentum, bn_epsilon, self.dtype_policy)
        self.block.wire(builder, max_in_channels, self._plan(max_width, {}, keeps_width))
        self.parts: Parts = builder.parts

    def build(self, input_shape: object = None) -> None:
        """Builds the parts, which know their shapes without seeing an input."""
        for part in self.parts.values():
            part.build()
        self.built = True

    def call(
        self,
        x: tf.Tensor,
        width: Size | None = None,
        training: bool = False,
        update_statistics: bool = False,
        replicas: Replicas = ALONE,
        **sizes: Size,
    ) -> tf.Tensor:
        """Computes the block.

        Args:
            x: (batch, height, width, channels).
            width: channels that leave; by default the most there are.
            training, update_statistics, replicas: as in `ElasticNet`.
            sizes: of the family's `SIZES`; by default the largest.

        Returns:
            (batch, height / stride, width / stride, width).
        """
        width = self.max_width if width is None else width
        keeps_width = self.keeps_width
        if keeps_width is None:
            keeps_width = _equal(channels_of(x), width)
        net = ElasticNet(self.parts, training, update_statistics, replicas)
        return self.block.wire(net, x, self._plan(width, sizes, keeps_width))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self._config}

    def _plan(self, width: Size, sizes: Mapping[str, Size], keeps_width: Truth) -> BlockPlan:
        sizes = {**self.max_sizes, **sizes}
        return BlockPlan(0, self.index, self.block, self.stride, width, sizes, keeps_width)


def _equal(a: Size, b: Size) -> bool | tf.Tensor:
    """Whether two sizes are equal; where the graph knows both, so do we: one branch is traced."""
    known = [size if isinstance(size, int) else tf.get_static_value(size) for size in (a, b)]
    return a == b if None in known else bool(known[0] == known[1])
