"""Convolution, batch norm, activation: the two elastic parts that every block is made of."""

import keras
import tensorflow as tf

from tofa_tf.distribute.replicas import ALONE, Replicas
from tofa_tf.layers.elastic_layers import (
    ACTIVATIONS,
    ElasticBatchNormalization,
    ElasticConv2D,
    ElasticDepthwiseConv2D,
)

_serializable = keras.saving.register_keras_serializable(package="tofa_tf")


class _ConvNorm(keras.layers.Layer):
    """A convolution `conv`, its batch norm `bn` (None without) and an activation."""

    conv: keras.layers.Layer
    bn: ElasticBatchNormalization | None
    activation: str

    def build(self, input_shape: object = None) -> None:
        """Builds the layers, which know their shapes without seeing an input."""
        for layer in (self.conv, self.bn):
            if layer is not None:
                layer.build()
        self.built = True

    def _activate(self, x: tf.Tensor, **mode: bool | Replicas) -> tf.Tensor:
        if self.bn is not None:
            x = self.bn(x, **mode)
        return ACTIVATIONS[self.activation](x)

    def get_config(self) -> dict[str, object]:
        return {**super().get_config(), **self._config}


@_serializable
class ElasticConvNorm(_ConvNorm):
    """A convolution with batch norm and activation.

    Args:
        max_in_channels: most channels an input may have.
        max_filters: most filters a call may ask for.
        activation: a name of `ACTIVATIONS`.
        kernel_size, strides, padding, use_bias: as in `ElasticConv2D`.
        use_norm: whether there is a batch norm.
        bn_momentum, bn_epsilon: as in `ElasticBatchNormalization`.
    """

    def __init__(
        self,
        max_in_channels: int,
        max_filters: int,
        activation: str = "linear",
        kernel_size: int = 1,
        strides: int | tuple[int, ...] = 1,
        padding: str = "same",
        use_bias: bool = False,
        use_norm: bool = True,
        bn_momentum: float = 0.99,
        bn_epsilon: float = 1e-3,
        **kwargs: object,
    ):
        super().__init__(**kwargs)
        self._config = {
            "max_in_channels": max_in_channels,
            "max_filters": max_filters,
            "activation": activation,
            "kernel_size": kernel_size,
            "strides": strides,
            "padding": padding,
            "use_bias": use_bias,
            "use_norm": use_norm,
            "bn_momentum": bn_momentum,
            "bn_epsilon": bn_epsilon,
        }
        self.activation = activation
        self.conv = ElasticConv2D(
            max_in_channels,
            max_filters,
            kernel_size,
            strides,
            padding,
            use_bias,
            name="conv",
            dtype=self.dtype_policy,
        )
        self.bn = None
        if use_norm:
            self.bn = ElasticBatchNormalization(
                max_filters, bn_momentum, bn_epsilon, name="bn", dtype=self.dtype_policy
            )

    def call(
        self,
        x: tf.Tensor,
        filters: int | tf.Tensor | None = None,
        strides: int | tf.Tensor | None = None,
        training: bool = False,
        update_statistics: bool = False,
        replicas: Replicas = ALONE,
    ) -> tf.Tensor:
        x = self.conv(x, filters=filters, strides=strides)
        return self._activate(
            x, training=training, update_statistics=update_statistics, replicas=replicas
        )


@_serializable
class ElasticDepthwiseNorm(_ConvNorm):
    """A depthwise convolution with batch norm and activation.

    Args:
        max_channels: most channels an input may have.
        kernel_sizes: odd sizes a call may ask for.
        activation: a name of `ACTIVATIONS`.
        strides, padding, kernel_transform: as in `ElasticDepthwiseConv2D`.
        bn_momentum, bn_epsilon: as in `ElasticBatchNormalization`.
    """

    def __init__(
        self,
        max_channels: int,
        kernel_sizes: tuple[int, ...],
        activation: str = "linear",
        strides: int = 1,
        padding: str = "same",
        kernel_transform: bool = False,
        bn_momentum: float = 0.99,
        bn_epsilon: float = 1e-3,
        **kwargs: object,
    ):
        super().__init__(**kwargs)
        self._config = {
            "max_channels": max_channels,
            "kernel_sizes": tuple(kernel_sizes),
            "activation": activation,
            "strides": strides,
            "padding": padding,
            "kernel_transform": kernel_transform,
            "bn_momentum": bn_momentum,
            "bn_epsilon": bn_epsilon,
        }
        self.activation = activation
        self.conv = ElasticDepthwiseConv2D(
            max_channels,
            kernel_sizes,
            strides,
            padding,
            kernel_transform,
            name="conv",
            dtype=self.dtype_policy,
        )
        self.bn = ElasticBatchNormalization(
            max_channels, bn_momentum, bn_epsilon, name="bn", dtype=self.dtype_policy
        )

    def call(
        self,
        x: tf.Tensor,
        kernel_size: int | tf.Tensor | None = None,
        training: bool = False,
        update_statistics: bool = False,
        replicas: Replicas = ALONE,
    ) -> tf.Tensor:
        x = self.conv(x, kernel_size=kernel_size)
        return self._activate(
            x, training=training, update_statistics=update_statistics, replicas=replicas
        )
