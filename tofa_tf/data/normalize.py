"""From 0..255 pixels to what the network computes with, inside a graph."""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf


def normalize(images: tf.Tensor, mean: Sequence[float], std: Sequence[float]) -> tf.Tensor:
    """Returns (images - mean) / std as float32, as `tflite_export.preprocess.normalise` does.

    Args:
        images: uint8 (..., height, width, channels).
        mean: one value a channel, in units of 0..255.
        std: one value a channel, in units of 0..255.

    Raises:
        ValueError: there are not as many values as channels.
    """
    # One channel and three values would make three channels of it, without a word.
    if not images.shape[-1] == len(mean) == len(std):
        raise ValueError(
            f"images have {images.shape[-1]} channels, mean {len(mean)} and std {len(std)}"
        )
    return (tf.cast(images, tf.float32) - np.array(mean, np.float32)) / np.array(std, np.float32)
