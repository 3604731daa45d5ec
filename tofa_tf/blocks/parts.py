"""The parts a supernet is made of: elastic stem, inverted bottleneck, squeeze-excite, shortcut."""

from collections.abc import Sequence

import keras
import tensorflow as tf

from tofa_tf.layers.control_flow import cond
from tofa_tf.layers.elastic_layers import (
    ACTIVATIONS,
    ElasticBatchNormalization,
    ElasticConv2D,
    ElasticDepthwiseConv2D,
)

_serializable = keras.saving.register_keras_serializable(package="tofa_tf")


class _Part(keras.layers.Layer):
    """A layer made of elastic layers, which know their shapes without seeing an input."""

    def build(self, input_shape=None):
        for layer in self._flatten_layers(include_self=False, recursive=False):
            layer.build()
        self.built = True


@_serializable
class ElasticConvBlock(_Part):
    """Convolution, batch norm, activation: the stem, and the head's convolution.

    Args:
        max_in_channels: most channels an input may have.
        max_filters: most filters a call may ask for.
        activation: a name of `ACTIVATIONS`.
        kernel_size, strides, padding: as in `ElasticConv2D`.
        bn_momentum, bn_epsilon: as in `ElasticBatchNormalization`.
    """

    def __init__(
        self,
        max_in_channels: int,
        max_filters: int,
        activation: str,
        kernel_size: int = 1,
        strides: int = 1,
        padding: str = "same",
        bn_momentum: float = 0.99,
        bn_epsilon: float = 1e-3,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self._config = {
            "max_in_channels": max_in_channels,
            "max_filters": max_filters,
            "activation": activation,
            "kernel_size": kernel_size,
            "strides": strides,
            "padding": padding,
            "bn_momentum": bn_momentum,
            "bn_epsilon": bn_epsilon,
        }
        self.activation = activation
        self.conv = ElasticConv2D(
            max_in_channels, max_filters, kernel_size, strides, padding, name="conv"
        )
        self.bn = ElasticBatchNormalization(max_filters, bn_momentum, bn_epsilon, name="bn")

    def call(
        self,
        x: tf.Tensor,
        filters: int | tf.Tensor | None = None,
        training: bool = False,
        update_statistics: bool = False,
    ) -> tf.Tensor:
        x = self.conv(x, filters=filters)
        x = self.bn(x, training=training, update_statistics=update_statistics)
        return ACTIVATIONS[self.activation](x)

    def get_config(self):
        return {**super().get_config(), **self._config}


@_serializable
class ElasticSqueezeExcite(_Part):
    """Squeeze-excite with ReLU inside and a hard sigmoid as gate (MobileNetV3, arXiv 1905.02244).

    Args:
        max_channels: most channels an input may have.
        max_squeeze: most channels of the squeeze.
    """

    def __init__(self, max_channels: int, max_squeeze: int, **kwargs):
        super().__init__(**kwargs)
        self._config = {"max_channels": max_channels, "max_squeeze": max_squeeze}
        self.reduce = ElasticConv2D(max_channels, max_squeeze, use_bias=True, name="reduce")
        self.expand = ElasticConv2D(max_squeeze, max_channels, use_bias=True, name="expand")

    def call(self, x: tf.Tensor, squeeze: int | tf.Tensor | None = None) -> tf.Tensor:
        gate = tf.reduce_mean(x, axis=(1, 2), keepdims=True)
        gate = tf.nn.relu(self.reduce(gate, filters=squeeze))
        gate = self.expand(gate, filters=tf.shape(x)[-1])
        return x * ACTIVATIONS["hard_sigmoid"](gate)

    def get_config(self):
        return {**super().get_config(), **self._config}


@_serializable
class ElasticShortcut(_Part):
    """Adds a block's input to its output, where and how their shapes allow it.

    Args:
        kind: "identity": shapes are always equal. "if_equal": only for those subnets that give
            input and output the same width. "projected": average pooling over the stride and a
            1x1 convolution without batch norm where widths differ (AttentiveNAS, 2011.09011).
        max_in_channels: most channels of the block's input.
        max_width: most channels of the block's output.
        strides: stride of the block.
    """

    def __init__(self, kind: str, max_in_channels: int, max_width: int, strides: int = 1, **kwargs):
        super().__init__(**kwargs)
        self._config = {
            "kind": kind,
            "max_in_channels": max_in_channels,
            "max_width": max_width,
            "strides": strides,
        }
        self.kind = kind
        self.strides = strides
        if kind == "projected":
            self.projection = ElasticConv2D(max_in_channels, max_width, name="projection")

    def call(self, shortcut: tf.Tensor, x: tf.Tensor) -> tf.Tensor:
        if self.kind == "identity":
            return x + shortcut
        if self.strides > 1:
            shortcut = tf.nn.avg_pool2d(shortcut, self.strides, self.strides, "SAME")
        widths = shortcut.shape[-1], x.shape[-1]
        # Where the graph knows the widths, only the branch that fits them can be traced.
        equal = (
            widths[0] == widths[1]
            if None not in widths
            else tf.equal(tf.shape(shortcut)[-1], tf.shape(x)[-1])
        )
        if self.kind == "if_equal":
            return cond(equal, lambda: x + shortcut, lambda: x)
        return x + cond(
            equal, lambda: shortcut, lambda: self.projection(shortcut, filters=tf.shape(x)[-1])
        )

    def get_config(self):
        return {**super().get_config(), **self._config}


@_serializable
class ElasticInvertedBottleneck(_Part):
    """Expand, depthwise, squeeze-excite, project, shortcut (MobileNetV2, arXiv 1801.04381).

    Args:
        max_in_channels: most channels of the input.
        max_mid: most channels of the depthwise convolution.
        max_width: most channels of the output.
        kernel_sizes: choices of the depthwise kernel size.
        strides: stride of the depthwise convolution.
        activation: a name of `ACTIVATIONS`, behind the expand and depthwise convolutions.
        max_squeeze: most channels of the squeeze; 0 for no squeeze-excite.
        has_expand: whether a 1x1 convolution stands before the depthwise one.
        shortcut: "none" or a kind of `ElasticShortcut`.
        padding: "same" or "symmetric".
        kernel_transform: as in `ElasticDepthwiseConv2D`.
        bn_momentum, bn_epsilon: as in `ElasticBatchNormalization`.
    """

    def __init__(
        self,
        max_in_channels: int,
        max_mid: int,
        max_width: int,
        kernel_sizes: Sequence[int],
        strides: int,
        activation: str,
        max_squeeze: int = 0,
        has_expand: bool = True,
        shortcut: str = "none",
        padding: str = "same",
        kernel_transform: bool = False,
        bn_momentum: float = 0.99,
        bn_epsilon: float = 1e-3,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self._config = {
            "max_in_channels": max_in_channels,
            "max_mid": max_mid,
            "max_width": max_width,
            "kernel_sizes": tuple(kernel_sizes),
            "strides": strides,
            "activation": activation,
            "max_squeeze": max_squeeze,
            "has_expand": has_expand,
            "shortcut": shortcut,
            "padding": padding,
            "kernel_transform": kernel_transform,
            "bn_momentum": bn_momentum,
            "bn_epsilon": bn_epsilon,
        }
        self.activation = activation
        self.expand = None
        if has_expand:
            self.expand = ElasticConvBlock(
                max_in_channels, max_mid, activation,
                bn_momentum=bn_momentum, bn_epsilon=bn_epsilon, name="expand",
            )  # fmt: skip
        self.depthwise = ElasticDepthwiseConv2D(
            max_mid, kernel_sizes, strides, padding, kernel_transform, name="depthwise"
        )
        self.depthwise_bn = ElasticBatchNormalization(
            max_mid, bn_momentum, bn_epsilon, name="depthwise_bn"
        )
        self.squeeze_excite = (
            ElasticSqueezeExcite(max_mid, max_squeeze, name="se") if max_squeeze else None
        )
        self.project = ElasticConvBlock(
            max_mid, max_width, "linear",
            bn_momentum=bn_momentum, bn_epsilon=bn_epsilon, name="project",
        )  # fmt: skip
        self.shortcut = None
        if shortcut != "none":
            self.shortcut = ElasticShortcut(
                shortcut, max_in_channels, max_width, strides, name="shortcut"
            )

    def call(
        self,
        x: tf.Tensor,
        kernel_size: int | tf.Tensor | None = None,
        mid: int | tf.Tensor | None = None,
        width: int | tf.Tensor | None = None,
        squeeze: int | tf.Tensor | None = None,
        training: bool = False,
        update_statistics: bool = False,
    ) -> tf.Tensor:
        mode = {"training": training, "update_statistics": update_statistics}
        block_input = x
        if self.expand is not None:
            x = self.expand(x, filters=mid, **mode)
        x = self.depthwise(x, kernel_size=kernel_size)
        x = ACTIVATIONS[self.activation](self.depthwise_bn(x, **mode))
        if self.squeeze_excite is not None:
            x = self.squeeze_excite(x, squeeze=squeeze)
        x = self.project(x, filters=width, **mode)
        return x if self.shortcut is None else self.shortcut(block_input, x)

    def get_config(self):
        return {**super().get_config(), **self._config}
