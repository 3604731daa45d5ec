"""The two interpreters behind elastic nets: one makes the layers, one computes with them."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

import keras
import tensorflow as tf

from tofa_tf.blocks.net_builder import Conv, Depthwise, NetBuilder, Size, Truth
from tofa_tf.distribute.replicas import ALONE, Replicas
from tofa_tf.layers.control_flow import cond
from tofa_tf.layers.conv_norm import ElasticConvNorm, ElasticDepthwiseNorm
from tofa_tf.layers.elastic_layers import ACTIVATIONS, ElasticDense, channels_of

Parts = dict[str, keras.layers.Layer]
DType: TypeAlias = str | keras.DTypePolicy


class PartsBuilder(NetBuilder[int]):
    """Makes the elastic layer of every operation that has weights; a value is its most channels.

    Args:
        padding: of all convolutions, "same" or "symmetric".
        bn_momentum, bn_epsilon: of all batch norms.
        dtype: in which all but the classifier compute, see `Supernet`.
    """

    def __init__(
        self,
        padding: str = "same",
        bn_momentum: float = 0.99,
        bn_epsilon: float = 1e-3,
        dtype: DType = "float32",
    ):
        self.parts: Parts = {}
        self.padding = padding
        self.bn_momentum = bn_momentum
        self.bn_epsilon = bn_epsilon
        self.dtype = dtype

    def conv(self, x: int, op: Conv) -> int:
        self._add(
            op.name,
            lambda name: ElasticConvNorm(
                max_in_channels=x,
                max_filters=op.filters,
                activation=op.activation,
                kernel_size=op.kernel,
                strides=op.strides or op.stride,
                padding=self.padding,
                use_bias=op.bias,
                use_norm=op.norm,
                bn_momentum=self.bn_momentum,
                bn_epsilon=self.bn_epsilon,
                name=name,
                dtype=self.dtype,
            ),
        )
        return op.filters

    def depthwise(self, x: int, op: Depthwise) -> int:
        self._add(
            op.name,
            lambda name: ElasticDepthwiseNorm(
                max_channels=x,
                kernel_sizes=op.kernels,
                activation=op.activation,
                strides=op.stride,
                padding=self.padding,
                kernel_transform=op.transform,
                bn_momentum=self.bn_momentum,
                bn_epsilon=self.bn_epsilon,
                name=name,
                dtype=self.dtype,
            ),
        )
        return x

    def pool(self, x: int, name: str) -> int:
        return x

    def shrink(self, x: int, name: str, stride: int) -> int:
        return x

    def add(self, x: int, y: int, name: str, activation: str = "linear") -> int:
        return y

    def multiply(self, x: int, gate: int, name: str) -> int:
        return x

    def dense(self, x: int, name: str, units: int) -> int:
        # What a softmax makes of its outputs needs more digits than half precision has.
        self._add(name, lambda name: ElasticDense(x, units, name=name, dtype="float32"))
        return units

    def channels(self, x: int) -> int:
        return x

    def choose(
        self, condition: Truth, if_true: Callable[[], int], if_false: Callable[[], int]
    ) -> int:
        # Where it depends on the subnet, the parts of both ways are needed.
        if condition is None:
            if_true()
        return if_true() if condition else if_false()

    def _add(self, name: str, make: Callable[[str], keras.layers.Layer]) -> None:
        self.parts[self.prefix + name] = make(self.prefix + name)


class ElasticNet(NetBuilder[tf.Tensor]):
    """Computes with the parts; sizes may be tensors of the graph.

    Args:
        parts: made by a `PartsBuilder`.
        training: normalise with the batch's own statistics.
        update_statistics: let the moving statistics follow.
        replicas: that share the batch.
    """

    def __init__(
        self,
        parts: Mapping[str, keras.layers.Layer],
        training: bool = False,
        update_statistics: bool = False,
        replicas: Replicas = ALONE,
    ):
        self.parts = parts
        self.mode = {
            "training": training,
            "update_statistics": update_statistics,
            "replicas": replicas,
        }

    def conv(self, x: tf.Tensor, op: Conv) -> tf.Tensor:
        return self._part(op.name)(x, filters=op.filters, strides=op.stride, **self.mode)

    def depthwise(self, x: tf.Tensor, op: Depthwise) -> tf.Tensor:
        return self._part(op.name)(x, kernel_size=op.kernel, **self.mode)

    def pool(self, x: tf.Tensor, name: str) -> tf.Tensor:
        return tf.reduce_mean(x, axis=(1, 2), keepdims=True)

    def shrink(self, x: tf.Tensor, name: str, stride: int) -> tf.Tensor:
        return tf.nn.avg_pool2d(x, stride, stride, "SAME")

    def add(self, x: tf.Tensor, y: tf.Tensor, name: str, activation: str = "linear") -> tf.Tensor:
        return ACTIVATIONS[activation](y + x)

    def multiply(self, x: tf.Tensor, gate: tf.Tensor, name: str) -> tf.Tensor:
        return x * gate

    def dense(self, x: tf.Tensor, name: str, units: int) -> tf.Tensor:
        return self._part(name)(x[:, 0, 0, :])

    def channels(self, x: tf.Tensor) -> Size:
        return channels_of(x)

    def choose(
        self,
        condition: Truth,
        if_true: Callable[[], tf.Tensor],
        if_false: Callable[[], tf.Tensor],
    ) -> tf.Tensor:
        return cond(condition, if_true, if_false)

    def _part(self, name: str) -> keras.layers.Layer:
        return self.parts[self.prefix + name]
