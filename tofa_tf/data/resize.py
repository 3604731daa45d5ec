"""The one rule by which every image reaches the size the network sees."""

import numpy as np
from PIL import Image


def resize(image: np.ndarray, size: int) -> np.ndarray:
    """Cuts the central square out of an image and resamples it to `size` x `size`.

    Firmware that feeds a camera image to an exported model has to do exactly this:

    1. side = min(height, width); the square starts at row (height - side) // 2 and column
       (width - side) // 2. The aspect ratio is kept, what lies outside the square is lost.
    2. First along rows, then along columns: pixel centres lie at (i + 0.5) * side / size; the
       weight of an input pixel falls linearly from 1 at that centre to 0 at a distance of
       max(1, side / size) input pixels; weights sum to 1, also at the border. Enlarging is
       therefore plain bilinear interpolation with half-pixel centres, shrinking averages.
    3. Each of the two passes rounds to the nearest of 0..255.

    A square image that already has the size is returned unchanged.

    Args:
        image: uint8 array (height, width, 3).
        size: side of the result in pixels.

    Returns:
        uint8 array (size, size, 3).
    """
    height, width = image.shape[:2]
    if height == width == size:
        return image
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    square = Image.fromarray(np.ascontiguousarray(image[top : top + side, left : left + side]))
    return np.asarray(square.resize((size, size), Image.Resampling.BILINEAR))


def resize_all(images: np.ndarray, size: int) -> np.ndarray:
    """Applies `resize` to each image of a uint8 array (n, height, width, 3)."""
    resized = np.empty((len(images), size, size, 3), np.uint8)
    for target, image in zip(resized, images, strict=True):
        target[:] = resize(image, size)
    return resized
