"""One channel or three: which images are grey, and how images of the one kind become the other."""

from collections.abc import Iterable

import numpy as np

from tflite_export.preprocess import to_colour
from tofa_tf.common.errors import UserError
from tofa_tf.data.stored_images import Pixels

GREY, RGB = 1, 3
_CHUNK = 1024


def check_channels(channels: int | None) -> None:
    """Raises a UserError if there are no images of so many channels."""
    if channels not in (None, GREY, RGB):
        raise UserError(
            f"channels is {channels!r}: 1 (grey), 3 (RGB), or nothing for 1 where all images are "
            "grey"
        )


def with_channels(image: np.ndarray, channels: int) -> np.ndarray:
    """Returns an image as grey, by its luma, or as RGB, by repeating grey; see `to_colour`.

    Args:
        image: uint8 (height, width, 1 or 3).
        channels: 1 or 3.
    """
    return to_colour(image, "grey" if channels == GREY else "rgb")


def are_grey(images: Pixels) -> bool:
    """Tells whether the channels of every image are equal.

    Args:
        images: uint8 (n, height, width, channels), in memory or on disk.
    """
    # Mostly the first images tell.
    chunks: Iterable[np.ndarray] = (
        images[start : start + _CHUNK] for start in range(0, len(images), _CHUNK)
    )
    return all(bool((chunk == chunk[..., :1]).all()) for chunk in chunks)
