"""The one rule by which every image reaches the size the network sees.

A run of several resolutions keeps every image at each of them, made of the original in one step, as
on a board: an image that is resized twice is another one.
"""

from collections.abc import Sequence

import numpy as np

from tflite_export.preprocess import crop_resize
from tofa_tf.data.channels import with_channels


def resize(image: np.ndarray, size: int) -> np.ndarray:
    """Cuts the central square out of an image and resamples it to `size` x `size`.

    The rule is that of `tflite_export/preprocess.py`, which firmware obeys as well.

    Args:
        image: uint8 array (height, width, channels).
        size: side of the result in pixels.

    Returns:
        uint8 array (size, size, channels).
    """
    return crop_resize(image, size, size)


def at_sizes(
    images: np.ndarray | Sequence[np.ndarray], sizes: Sequence[int], channels: int
) -> list[np.ndarray]:
    """Applies `with_channels` and `resize` to each image, once for each size.

    Args:
        images: uint8 arrays (height, width, 1 or 3) of any height and width.
        sizes: sides of the results in pixels.
        channels: of the results, 1 or 3.

    Returns:
        For each size uint8 (n, size, size, channels).
    """
    results = [np.empty((len(images), size, size, channels), np.uint8) for size in sizes]
    for position, image in enumerate(images):
        coloured = with_channels(image, channels)
        for target in results:
            target[position] = resize(coloured, target.shape[1])
    return results


def resize_all(images: np.ndarray, size: int) -> np.ndarray:
    """Applies `resize` to each image of a uint8 array (n, height, width, channels)."""
    return at_sizes(images, (size,), images.shape[-1])[0]
