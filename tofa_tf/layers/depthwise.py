"""Depthwise convolution whose kernel gradient is fast on the small maps of microcontroller nets.

TensorFlow's kernel for that gradient is slow on a CPU. On a map of P positions the same sums are
a matrix product per channel, (P, batch) x (batch, P), of which every kernel tap collects one
diagonal: on small maps the whole step is faster so, see `benchmarks/benchmark_supernet.py`.
"""

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
import tensorflow as tf

from tofa_tf.layers.control_flow import cond
from tofa_tf.layers.slicing import IntLike, centre_crop

# Above this many pairs of output and input positions the product does more work than it saves.
_MAX_PAIRS = 64 * 64
Map: TypeAlias = tuple[IntLike, IntLike]


def depthwise_conv2d(
    x: tf.Tensor, kernel: tf.Tensor, strides: int, padding: str, sizes: Sequence[int]
) -> tf.Tensor:
    """Equals `tf.nn.depthwise_conv2d`; only its kernel gradient is computed in another way.

    Args:
        x: (batch, height, width, channels).
        kernel: (size, size, channels, 1).
        strides: stride in both directions.
        padding: "same", or "symmetric" for size // 2 on every side, as PyTorch does.
        sizes: odd ones that the kernel may have where the graph does not know it.
    """
    size = kernel.shape[0] or tf.shape(kernel)[0]
    way = {
        "strides": (1, strides, strides, 1),
        "padding": "VALID" if padding == "symmetric" else "SAME",
    }
    half = size // 2

    def pad(x: tf.Tensor) -> tf.Tensor:
        return symmetric_pad(x, half) if padding == "symmetric" else x

    def kernel_gradient(x: tf.Tensor, kernel: tf.Tensor, upstream: tf.Tensor) -> tf.Tensor:
        (height, width), (out_height, out_width) = _map_of(x), _map_of(upstream)
        # A number where the map's size is known while tracing: then only one branch is traced.
        few = height * width * out_height * out_width <= _MAX_PAIRS
        # A kernel smaller than its strides may lie beside the centre of a larger one.
        return cond(
            few if min(sizes) >= strides else False,
            lambda: products_gradient(x, upstream, size, strides, padding, max(sizes)),
            lambda: tf.raw_ops.DepthwiseConv2dNativeBackpropFilter(
                input=pad(x), filter_sizes=tf.shape(kernel), out_backprop=upstream, **way
            ),
        )

    @tf.custom_gradient
    def convolve(
        x: tf.Tensor, kernel: tf.Tensor
    ) -> tuple[tf.Tensor, Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor]]]:
        padded = pad(x)
        # The gradient needs the shape alone: the padded map itself need not be kept for it.
        padded_shape = tf.shape(padded)

        def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            to_input = tf.raw_ops.DepthwiseConv2dNativeBackpropInput(
                input_sizes=padded_shape, filter=kernel, out_backprop=upstream, **way
            )
            if padding == "symmetric":
                height, width = _map_of(x)
                to_input = to_input[:, half : half + height, half : half + width]
            return to_input, kernel_gradient(x, kernel, upstream)

        y = tf.nn.depthwise_conv2d(padded, kernel, **way)
        if padding == "symmetric":
            # An open kernel size hides from the graph what odd kernels leave of a map.
            height, width = (length and -(-length // strides) for length in x.shape[1:3])
            y.set_shape([None, height, width, None])
        return y, gradient

    # In a branch, x may be of the graph around it: the branch's gradient would take it twice, once
    # from here and once from whatever else has read it there, and feed it once.
    return convolve(tf.identity(x), kernel)


def symmetric_pad(x: tf.Tensor, pixels: IntLike) -> tf.Tensor:
    """Pads height and width of (batch, height, width, channels) by so many pixels on every side."""
    return tf.pad(x, [[0, 0], [pixels, pixels], [pixels, pixels], [0, 0]])


def products_gradient(
    x: tf.Tensor,
    upstream: tf.Tensor,
    size: IntLike,
    strides: int,
    padding: str,
    largest: int | None = None,
) -> tf.Tensor:
    """The gradient of a depthwise kernel by one matrix product per channel.

    Around the centre of the kernel, what a tap joins does not depend on the kernel's size: where
    that is open, the gradient of the largest kernel is computed and its centre taken.

    Args:
        x: (batch, in height, in width, channels), what entered the convolution.
        upstream: (batch, out height, out width, channels), gradient of what left it.
        size: height and width of the kernel, odd.
        strides: stride in both directions.
        padding: as in `depthwise_conv2d`.
        largest: that `size` may be; unused where it is a number.

    Returns:
        (size, size, channels, 1).
    """
    most = size if isinstance(size, int) else largest
    assert most is not None
    taps = _taps(_map_of(x), _map_of(upstream), most, strides, padding)
    # (out row, out column, in row, in column, tap): 1 where the tap joins the two.
    selection = tf.one_hot(taps, most**2, dtype=x.dtype)
    products = tf.raw_ops.Einsum(inputs=[upstream, x], equation="bhwc,bijc->chwij")
    by_tap = tf.raw_ops.Einsum(inputs=[products, selection], equation="chwij,hwijt->tc")
    return centre_crop(tf.reshape(by_tap, (most, most, -1, 1)), size)


def _map_of(x: tf.Tensor) -> Map:
    """Height and width: numbers where the graph knows them."""
    height, width = x.shape[1:3]
    if height and width:
        return height, width
    _, height, width, _ = tf.unstack(tf.shape(x))
    return height, width


def _taps(in_map: Map, out_map: Map, size: int, strides: int, padding: str) -> tf.Tensor:
    """(out row, out column, in row, in column): place in the flat kernel that joins them, or -1."""
    if all(isinstance(length, int) for length in (*in_map, *out_map)):
        # Worked out now: one constant of the graph instead of dozens of operations.
        with tf.init_scope():
            return np.asarray(_open_taps(in_map, out_map, size, strides, padding))
    return _open_taps(in_map, out_map, size, strides, padding)


def _open_taps(in_map: Map, out_map: Map, size: int, strides: int, padding: str) -> tf.Tensor:
    rows, columns = (
        _lines(*lengths, size, strides, padding) for lengths in zip(in_map, out_map, strict=True)
    )
    rows, columns = rows[:, None, :, None], columns[None, :, None, :]
    return tf.where((rows >= 0) & (columns >= 0), rows * size + columns, -1)


def _lines(
    in_length: IntLike, out_length: IntLike, size: int, strides: int, padding: str
) -> tf.Tensor:
    """(out, in): the row or column of the kernel that takes line i to line o; -1 for none."""
    before = size // 2
    if padding == "same":
        before = tf.maximum((out_length - 1) * strides + size - in_length, 0) // 2
    line = tf.range(in_length)[None, :] + before - strides * tf.range(out_length)[:, None]
    return tf.where((line >= 0) & (line < size), line, -1)
