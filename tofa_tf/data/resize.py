"""The one rule by which every image reaches the size the network sees."""

import numpy as np

from tflite_export.preprocess import crop_resize


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


def resize_all(images: np.ndarray, size: int) -> np.ndarray:
    """Applies `resize` to each image of a uint8 array (n, height, width, channels)."""
    resized = np.empty((len(images), size, size, images.shape[-1]), np.uint8)
    for target, image in zip(resized, images, strict=True):
        target[:] = resize(image, size)
    return resized
