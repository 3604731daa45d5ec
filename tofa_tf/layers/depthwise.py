"""Depthwise convolution whose kernel gradient is fast on the small maps of microcontroller nets.

TensorFlow's kernel for that gradient is slow on a CPU. On a map of P positions the same sums are
a matrix product per channel, (P, batch) x (batch, P), of which every kernel tap collects one
diagonal: on small maps the whole step is faster so, see `benchmarks/benchmark_supernet.py`.
"""

from collections.abc import Callable

import tensorflow as tf

from tofa_tf.layers.control_flow import cond

# Above this many pairs of output and input positions the product does more work than it saves.
_MAX_PAIRS = 64 * 64


def depthwise_conv2d(x: tf.Tensor, kernel: tf.Tensor, strides: int, padding: str) -> tf.Tensor:
    """Equals `tf.nn.depthwise_conv2d`; only its kernel gradient is computed in another way.

    Args:
        x: (batch, height, width, channels).
        kernel: (size, size, channels, 1).
        strides: stride in both directions.
        padding: "SAME" or "VALID".
    """
    all_strides = (1, strides, strides, 1)

    @tf.custom_gradient
    def convolve(
        x: tf.Tensor, kernel: tf.Tensor
    ) -> tuple[tf.Tensor, Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor]]]:
        def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            to_input = tf.raw_ops.DepthwiseConv2dNativeBackpropInput(
                input_sizes=tf.shape(x), filter=kernel, out_backprop=upstream,
                strides=all_strides, padding=padding,
            )  # fmt: skip
            pairs = _positions(x) * _positions(upstream)
            # A number where the map's size is known while tracing: then only one branch is traced.
            to_kernel = cond(
                pairs <= _MAX_PAIRS,
                lambda: kernel_gradient(x, upstream, tf.shape(kernel)[0], strides, padding),
                lambda: tf.raw_ops.DepthwiseConv2dNativeBackpropFilter(
                    input=x, filter_sizes=tf.shape(kernel), out_backprop=upstream,
                    strides=all_strides, padding=padding,
                ),
            )  # fmt: skip
            return to_input, to_kernel

        return tf.nn.depthwise_conv2d(x, kernel, all_strides, padding), gradient

    return convolve(x, kernel)


def _positions(x: tf.Tensor) -> int | tf.Tensor:
    height, width = x.shape[1:3]
    return height * width if height and width else tf.reduce_prod(tf.shape(x)[1:3])


def kernel_gradient(
    x: tf.Tensor, upstream: tf.Tensor, size: int | tf.Tensor, strides: int, padding: str
) -> tf.Tensor:
    """The gradient of a depthwise kernel by one matrix product per channel.

    Args:
        x: (batch, in height, in width, channels), what entered the convolution.
        upstream: (batch, out height, out width, channels), gradient of what left it.
        size: height and width of the kernel.
        strides: stride in both directions.
        padding: "SAME" or "VALID".

    Returns:
        (size, size, channels, 1).
    """
    in_shape, out_shape = tf.shape(x), tf.shape(upstream)
    rows = _taps(in_shape[1], out_shape[1], size, strides, padding)
    columns = _taps(in_shape[2], out_shape[2], size, strides, padding)
    # (out row, out column, in row, in column): which entry of the flat kernel joins the two.
    tap = rows[:, None, :, None] * size + columns[None, :, None, :]
    inside = _is_tap(rows, size)[:, None, :, None] & _is_tap(columns, size)[None, :, None, :]
    selection = tf.one_hot(tf.where(inside, tap, -1), size * size, dtype=x.dtype)
    products = tf.matmul(_channels_first(upstream), _channels_first(x), transpose_b=True)
    channels = in_shape[3]
    per_channel = tf.matmul(
        tf.reshape(products, (channels, -1)), tf.reshape(selection, (-1, size * size))
    )
    return tf.reshape(tf.transpose(per_channel), (size, size, channels, 1))


def _taps(
    in_size: tf.Tensor, out_size: tf.Tensor, kernel_size: tf.Tensor, strides: int, padding: str
) -> tf.Tensor:
    """(out_size, in_size): the kernel row or column that takes input i to output o."""
    before = 0
    if padding == "SAME":
        before = tf.maximum((out_size - 1) * strides + kernel_size - in_size, 0) // 2
    return tf.range(in_size)[None, :] + before - strides * tf.range(out_size)[:, None]


def _is_tap(taps: tf.Tensor, size: int | tf.Tensor) -> tf.Tensor:
    return (taps >= 0) & (taps < size)


def _channels_first(x: tf.Tensor) -> tf.Tensor:
    """(batch, height, width, channels) to (channels, height * width, batch)."""
    shape = tf.shape(x)
    return tf.transpose(tf.reshape(x, (shape[0], shape[1] * shape[2], shape[3])), (2, 1, 0))
