"""How a subnet's weights are cut out of the supernet's: pure functions, and the only ones.

The elastic forward pass calls them with tensors inside the graph, the harvest calls them eagerly
with numbers. Every cut takes the first channels and the centre of a kernel, so that weights are
shared by all subnets that use them (Once-for-All, arXiv 1908.09791; AttentiveNAS, 2011.09011).
"""

import functools
from collections.abc import Mapping
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
    if _is_all(in_channels, kernel.shape[-2]) and _is_all(filters, kernel.shape[-1]):
        return kernel
    return kernel[..., :in_channels, :filters]


def cut_vector(vector: tf.Tensor, channels: IntLike) -> tf.Tensor:
    """Cuts a bias, or a vector of batch norm, to its first channels."""
    return vector if _is_all(channels, vector.shape[0]) else vector[:channels]


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
    if not _is_all(channels, kernel.shape[2]):
        kernel = kernel[:, :, :channels]
    if not transforms:
        return centre_crop(kernel, size)
    result = kernel
    for smaller, matrix in sorted(transforms.items(), reverse=True):
        kernel = _transform(centre_crop(kernel, smaller), matrix)
        # Bound now: a lambda would see the names as they are when the graph is made.
        result = cond(
            size <= smaller,
            functools.partial(tf.convert_to_tensor, kernel),
            functools.partial(tf.convert_to_tensor, result),
        )
    return result


def centre_crop(kernel: tf.Tensor, size: IntLike) -> tf.Tensor:
    """Cuts the centre (size, size, ...) out of an odd square kernel."""
    if _is_all(size, kernel.shape[0]):
        return kernel
    start = kernel.shape[0] // 2 - size // 2
    return kernel[start : start + size, start : start + size]


def _is_all(size: IntLike, of: int) -> bool:
    """Whether a cut is known, before the graph runs, to take everything."""
    return isinstance(size, int) and size == of


def _transform(kernel: tf.Tensor, matrix: tf.Tensor) -> tf.Tensor:
    shape = tf.shape(kernel)
    flat = tf.reshape(kernel, (matrix.shape[0], -1))
    return tf.reshape(tf.matmul(matrix, flat), shape)
