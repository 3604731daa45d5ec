"""Keras layers whose width and kernel size are arguments of the call, not properties of the layer.

Each one holds the weights of its largest form and uses the first channels of them, as many as the
input has and the caller asks for. Sizes are tensors, so one traced graph serves every subnet. With
its largest sizes every layer equals the stock Keras layer of the same name.
"""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tofa_tf.distribute.replicas import ALONE, Replicas
from tofa_tf.layers.control_flow import cond
from tofa_tf.layers.depthwise import depthwise_conv2d, symmetric_pad
from tofa_tf.layers.slicing import cut_channels, cut_depthwise, cut_vector
from tofa_tf.layers.sync_norm import sync_batch_norm


@tf.custom_gradient
def _swish(x: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tf.Tensor]]:
    """Is `tf.nn.silu`, which keeps x alone for the gradient, too, but works out that of a beta."""

    def gradient(upstream: tf.Tensor) -> tf.Tensor:
        gate = tf.sigmoid(x)
        return upstream * gate * (1.0 + x * (1.0 - gate))

    return x * tf.sigmoid(x), gradient


ACTIVATIONS: dict[str, Callable[[tf.Tensor], tf.Tensor]] = {
    "linear": lambda x: x,
    "relu": tf.nn.relu,
    "relu6": tf.nn.relu6,
    "swish": _swish,
    "hard_swish": lambda x: x * tf.nn.relu6(x + 3.0) * (1.0 / 6.0),
    "hard_sigmoid": lambda x: tf.nn.relu6(x + 3.0) * (1.0 / 6.0),
}

_serializable = keras.saving.register_keras_serializable(package="tofa_tf")


def channels_of(x: tf.Tensor) -> int | tf.Tensor:
    """Channels of (..., channels): a number where the graph knows them, else a tensor."""
    return x.shape[-1] or tf.unstack(tf.shape(x), num=len(x.shape))[-1]


class _ElasticLayer(keras.layers.Layer):
    """A layer whose weights depend on its constructor alone, never on the input's shape."""

    def build(self, input_shape: object = None) -> None:
        self.built = True


def _cut(vector: keras.Variable, channels: int | tf.Tensor) -> tf.Tensor:
    return cut_vector(tf.convert_to_tensor(vector), channels)


@_serializable
class ElasticConv2D(_ElasticLayer):
    """A convolution that uses the first input channels and filters of its kernel.

    Args:
        max_in_channels: most channels an input may have.
        max_filters: most filters a call may ask for.
        kernel_size: height and width of the kernel.
        strides: stride in both directions; several are choices of a call, which has the last one
            unless it asks for another.
        padding: "same", or "symmetric" for kernel_size // 2 on every side.
        use_bias: whether a bias is added.
    """

    def __init__(
        self,
        max_in_channels: int,
        max_filters: int,
        kernel_size: int = 1,
        strides: int | tuple[int, ...] = 1,
        padding: str = "same",
        use_bias: bool = False,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.max_in_channels = max_in_channels
        self.max_filters = max_filters
        self.kernel_size = kernel_size
        self.strides = (strides,) if isinstance(strides, int) else tuple(strides)
        self.padding = padding
        self.use_bias = use_bias

    def build(self, input_shape: object = None) -> None:
        self.kernel = self.add_weight(
            name="kernel",
            shape=(self.kernel_size, self.kernel_size, self.max_in_channels, self.max_filters),
            initializer="he_normal",
        )
        if self.use_bias:
            self.bias = self.add_weight(name="bias", shape=(self.max_filters,), initializer="zeros")
        super().build(input_shape)

    def call(
        self,
        x: tf.Tensor,
        filters: int | tf.Tensor | None = None,
        strides: int | tf.Tensor | None = None,
    ) -> tf.Tensor:
        filters = self.max_filters if filters is None else filters
        kernel = cut_channels(tf.convert_to_tensor(self.kernel), channels_of(x), filters)
        if self.padding == "symmetric" and self.kernel_size > 1:
            x = symmetric_pad(x, self.kernel_size // 2)
        x = self._convolve(x, kernel, strides)
        if self.use_bias:
            x = tf.nn.bias_add(x, cut_vector(tf.convert_to_tensor(self.bias), filters))
        return x

    def _convolve(
        self, x: tf.Tensor, kernel: tf.Tensor, strides: int | tf.Tensor | None
    ) -> tf.Tensor:
        padding = "VALID" if self.padding == "symmetric" else "SAME"
        *others, last = self.strides
        if strides is None or not others:
            return tf.nn.conv2d(x, kernel, last, padding)
        # A stride is an attribute of TensorFlow's op: every choice is an op of its own.
        y = functools.partial(tf.nn.conv2d, x, kernel, padding=padding)
        result = functools.partial(y, strides=last)
        for stride in others:
            result = functools.partial(
                cond, strides == stride, functools.partial(y, strides=stride), result
            )
        return result()

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "max_in_channels": self.max_in_channels,
            "max_filters": self.max_filters,
            "kernel_size": self.kernel_size,
            "strides": self.strides,
            "padding": self.padding,
            "use_bias": self.use_bias,
        }


@_serializable
class ElasticDepthwiseConv2D(_ElasticLayer):
    """A depthwise convolution of elastic kernel size, without bias.

    Args:
        max_channels: most channels an input may have.
        kernel_sizes: odd sizes a call may ask for; the weights have the largest.
        strides: stride in both directions.
        padding: "same", or "symmetric" for kernel size // 2 on every side.
        kernel_transform: whether smaller kernels pass through learned matrices (Once-for-All).
    """

    def __init__(
        self,
        max_channels: int,
        kernel_sizes: Sequence[int],
        strides: int = 1,
        padding: str = "same",
        kernel_transform: bool = False,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.max_channels = max_channels
        self.kernel_sizes = tuple(kernel_sizes)
        self.strides = strides
        self.padding = padding
        self.kernel_transform = kernel_transform

    def build(self, input_shape: object = None) -> None:
        largest = max(self.kernel_sizes)
        self.kernel = self.add_weight(
            name="kernel",
            shape=(largest, largest, self.max_channels, 1),
            # The fan of a depthwise kernel is its area; Keras' own estimate counts the channels.
            initializer=keras.initializers.RandomNormal(stddev=(2.0 / largest**2) ** 0.5),
        )
        self.transforms: dict[int, keras.Variable] = {}
        if self.kernel_transform:
            for size in sorted(self.kernel_sizes, reverse=True)[1:]:
                self.transforms[size] = self.add_weight(
                    name=f"to_{size}x{size}", shape=(size**2, size**2), initializer="identity"
                )
        super().build(input_shape)

    def call(self, x: tf.Tensor, kernel_size: int | tf.Tensor | None = None) -> tf.Tensor:
        kernel_size = max(self.kernel_sizes) if kernel_size is None else kernel_size
        kernel = self.cut_kernel(kernel_size, channels_of(x))
        return depthwise_conv2d(x, kernel, self.strides, self.padding, self.kernel_sizes)

    def cut_kernel(self, kernel_size: int | tf.Tensor, channels: int | tf.Tensor) -> tf.Tensor:
        """Returns the kernel of a subnet, (kernel_size, kernel_size, channels, 1)."""
        transforms = {size: tf.convert_to_tensor(m) for size, m in self.transforms.items()}
        return cut_depthwise(tf.convert_to_tensor(self.kernel), kernel_size, channels, transforms)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "max_channels": self.max_channels,
            "kernel_sizes": self.kernel_sizes,
            "strides": self.strides,
            "padding": self.padding,
            "kernel_transform": self.kernel_transform,
        }


@_serializable
class ElasticBatchNormalization(_ElasticLayer):
    """Batch norm over the channels there are.

    In training every subnet is normalised with the statistics of its own batch; the moving
    statistics follow only those calls that ask for it, which are the max net's.

    Args:
        max_channels: most channels an input may have.
        momentum: share of the old moving statistics that an update keeps.
        epsilon: added to the variance.
    """

    def __init__(
        self,
        max_channels: int,
        momentum: float = 0.99,
        epsilon: float = 1e-3,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.max_channels = max_channels
        self.momentum = momentum
        self.epsilon = epsilon

    def build(self, input_shape: object = None) -> None:
        def add(name: str, initializer: str, trainable: bool = True) -> keras.Variable:
            # Statistics of many values stay in float32, whatever the values are in.
            return self.add_weight(
                name=name,
                shape=(self.max_channels,),
                initializer=initializer,
                trainable=trainable,
                autocast=False,
            )

        self.gamma = add("gamma", "ones")
        self.beta = add("beta", "zeros")
        self.moving_mean = add("moving_mean", "zeros", trainable=False)
        self.moving_variance = add("moving_variance", "ones", trainable=False)
        super().build(input_shape)

    def call(
        self,
        x: tf.Tensor,
        training: bool = False,
        update_statistics: bool = False,
        replicas: Replicas = ALONE,
    ) -> tf.Tensor:
        channels = channels_of(x)
        gamma, beta = _cut(self.gamma, channels), _cut(self.beta, channels)
        if not training:
            mean, variance = _cut(self.moving_mean, channels), _cut(self.moving_variance, channels)
            y, _, _ = tf.compat.v1.nn.fused_batch_norm(
                x, gamma, beta, mean, variance, self.epsilon, is_training=False
            )
            return y
        if replicas.count == 1:
            y, batch_mean, batch_variance = tf.compat.v1.nn.fused_batch_norm(
                x, gamma, beta, epsilon=self.epsilon, is_training=True
            )
        else:
            y, batch_mean, batch_variance = sync_batch_norm(
                x, gamma, beta, self.epsilon, self.max_channels, replicas
            )
        if update_statistics:
            if replicas.count == 1:
                # The fused op returns the unbiased estimate, Keras keeps the biased one.
                batch_variance *= _bias(x, channels)
            self._follow(self.moving_mean, batch_mean, channels)
            self._follow(self.moving_variance, batch_variance, channels)
        return y

    def _follow(self, variable: keras.Variable, new: tf.Tensor, channels: int | tf.Tensor) -> None:
        whole = tf.convert_to_tensor(variable)
        old = cut_vector(whole, channels)
        updated = old + (1.0 - self.momentum) * (new - old)
        if old is not whole:
            updated = tf.concat([updated, whole[channels:]], axis=0)
        variable.assign(updated)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "max_channels": self.max_channels,
            "momentum": self.momentum,
            "epsilon": self.epsilon,
        }


def _bias(x: tf.Tensor, channels: int | tf.Tensor) -> float | tf.Tensor:
    """Biased estimate of a channel's variance over the unbiased one, in float32."""
    known = x.shape.num_elements()
    if known:
        count = np.float32(known // x.shape[-1])
    else:
        count = tf.cast(tf.size(x) // channels, tf.float32)
    return (count - 1.0) / count


@_serializable
class ElasticDense(_ElasticLayer):
    """A dense layer that uses the first input features of its kernel; outputs are not elastic.

    Args:
        max_in_features: most features an input may have.
        units: outputs.
    """

    def __init__(self, max_in_features: int, units: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.max_in_features = max_in_features
        self.units = units

    def build(self, input_shape: object = None) -> None:
        self.kernel = self.add_weight(
            name="kernel",
            shape=(self.max_in_features, self.units),
            # Small, as in MobileNet: an untrained classifier should be sure of nothing.
            initializer=keras.initializers.RandomNormal(stddev=0.01),
        )
        self.bias = self.add_weight(name="bias", shape=(self.units,), initializer="zeros")
        super().build(input_shape)

    def call(self, x: tf.Tensor) -> tf.Tensor:
        kernel = cut_channels(tf.convert_to_tensor(self.kernel), channels_of(x), self.units)
        return tf.matmul(x, kernel) + tf.convert_to_tensor(self.bias)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "max_in_features": self.max_in_features,
            "units": self.units,
        }
