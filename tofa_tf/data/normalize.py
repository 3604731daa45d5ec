"""From 0..255 pixels to what the network computes with."""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf


def normalize(
    images: tf.Tensor | np.ndarray, mean: Sequence[float], std: Sequence[float]
) -> tf.Tensor | np.ndarray:
    """Returns (images - mean) / std as float32.

    Args:
        images: uint8 tensor or array (..., height, width, channels).
        mean: one value a channel, in units of 0..255.
        std: one value a channel, in units of 0..255.

    Returns:
        A float32 tensor for a tensor, a float32 array for an array, of the same shape.
    """
    mean, std = np.asarray(mean, np.float32), np.asarray(std, np.float32)
    if isinstance(images, np.ndarray):
        return (images.astype(np.float32) - mean) / std
    return (tf.cast(images, tf.float32) - mean) / std
