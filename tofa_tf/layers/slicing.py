"""How a subnet's weights are cut out of the supernet's: pure functions, and the only ones.

The elastic forward pass calls them with tensors inside the graph, the harvest calls them eagerly
with numbers. Every cut takes the first channels and the centre of a kernel, so that weights are
shared by all subnets that use them (Once-for-All, arXiv 1908.09791; AttentiveNAS, 2011.09011).
"""

import functools
from collections.abc import Mapping, Sequence
from typing import TypeAlias

import tensorflow as tf

from tofa_tf.layers.control_flow import cond

IntLike: TypeAlias = int | tf.Tensor


def cut_channels(kernel: tf.Tensor, in_channels: IntLike, filters: IntLike) -> tf.Tensor:
    """Cuts a convolution or dense kernel to its first input and output channels.

    Args:
        kernel: (..., max input channels, max filters).

    Returns:
        (..., in_channels, filters).
    """
    return _first(kernel, [None] * (len(kernel.shape) - 2) + [in_channels, filters])


def cut_vector(vector: tf.Tensor, channels: IntLike) -> tf.Tensor:
    """Cuts a bias, or a vector of batch norm, to its first channels."""
    return _first(vector, [channels])


def cut_depthwise(
    kernel: tf.Tensor,
    size: IntLike,
    channels: IntLike,
    transforms: Mapping[int, tf.Tensor] | None = None,
) -> tf.Tensor:
    """Cuts a depthwise kernel to its first channels and to a smaller kernel size.

    Args:
        kernel: (max size, max size, max channels, 1).
        size: odd kernel size, one of the choices of the space.
        transforms: where the space has learned kernel transforms: for each smaller size the matrix
            (size * size, size * size) that is applied to the centre of the next larger kernel,
            rows being outputs (Once-for-All, arXiv 1908.09791, figure 3).

    Returns:
        (size, size, channels, 1).
    """
    if not transforms:
        return centre_crop(kernel, size, channels)
    result = kernel = _first(kernel, [None, None, channels, None])
    for smaller, matrix in sorted(transforms.items(), reverse=True):
        kernel = _transform(centre_crop(kernel, smaller), matrix)
        # Bound now: a lambda would see the names as they are when the graph is made.
        result = cond(
            size <= smaller,
            functools.partial(tf.convert_to_tensor, kernel),
            functools.partial(tf.convert_to_tensor, result),
        )
    return result


def centre_crop(kernel: tf.Tensor, size: IntLike, channels: IntLike | None = None) -> tf.Tensor:
    """Cuts the centre out of an odd square kernel, and its first channels where so many are asked.

    Args:
        kernel: (max size, max size, max channels, ...).

    Returns:
        (size, size, channels, ...).
    """
    most = kernel.shape[0]
    if _is_all(size, most):
        return _first(kernel, [None, None, channels, None])
    half = size // 2
    start, end = most // 2 - half, most // 2 + half + 1
    return _cut(kernel, [start, start, None, None], [end, end, channels, None])


def _first(x: tf.Tensor, sizes: Sequence[IntLike | None]) -> tf.Tensor:
    """Takes so many first entries of every axis; all of it where that is None or its length."""
    ends = [
        None if size is None or _is_all(size, length) else size
        for size, length in zip(sizes, x.shape, strict=True)
    ]
    return x if _none(ends) else _cut(x, [None] * len(ends), ends)


def _cut(
    x: tf.Tensor, begins: Sequence[IntLike | None], ends: Sequence[IntLike | None]
) -> tf.Tensor:
    """Is `x[begin:end, ...]` in a third of its operations: a graph has hundreds of these cuts."""
    # What the masks leave out is not read: any number that the graph has already will do.
    some = next(size for size in (*ends, *begins) if size is not None)

    def pack(sizes: Sequence[IntLike | None]) -> tf.Tensor:
        return tf.stack([some if size is None else size for size in sizes])

    packed = pack(ends)
    return tf.raw_ops.StridedSlice(
        input=x,
        begin=packed if _none(begins) else pack(begins),
        end=packed,
        strides=[1] * len(ends),
        begin_mask=_mask(begins),
        end_mask=_mask(ends),
    )


def _mask(sizes: Sequence[IntLike | None]) -> int:
    """A bit for every axis that is not cut at this side."""
    return sum(1 << axis for axis, size in enumerate(sizes) if size is None)


def _none(sizes: Sequence[IntLike | None]) -> bool:
    return all(size is None for size in sizes)


def _is_all(size: IntLike, of: int) -> bool:
    """Whether a cut is known, before the graph runs, to take everything."""
    return isinstance(size, int) and size == of


def _transform(kernel: tf.Tensor, matrix: tf.Tensor) -> tf.Tensor:
    shape = tf.shape(kernel)
    flat = tf.reshape(kernel, (matrix.shape[0], -1))
    return tf.reshape(tf.matmul(matrix, flat), shape)
