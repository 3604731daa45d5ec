"""Reads image files of any usual kind into RGB arrays of one size."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from absl import logging

from tflite_export.common.image_files import decode_image
from tofa_tf.common.errors import UserError, printable
from tofa_tf.data.channels import with_channels
from tofa_tf.data.resize import resize


def decode(path: str | os.PathLike, sizes: Sequence[int], channels: int) -> list[np.ndarray]:
    """Reads one image file, see `decode_image`, as grey or RGB, then resizes it by `resize.resize`.

    Args:
        path: of the file.
        sizes: sides of the results in pixels.
        channels: 1 or 3.

    Returns:
        For each size uint8 (size, size, channels).

    Raises:
        ValueError: the pixels are of a kind that has no fixed range, or too many.
        OSError: the file cannot be read. Decoders also raise errors of other types.
    """
    image = with_channels(decode_image(path), channels)
    return [resize(image, size) for size in sizes]


def decode_all(
    paths: Sequence[Path], sizes: Sequence[int], channels: int, what: str
) -> tuple[list[np.ndarray], np.ndarray, list[str]]:
    """Reads many image files; those that cannot be read are skipped and listed.

    Args:
        paths: of the files.
        sizes: sides of the images in pixels.
        channels: 1 or 3.
        what: the user's name for these files, for messages.

    Returns:
        For each size the images that could be read, uint8 (m, size, size, channels), in the order
        of `paths`; a bool array (n,) that tells for each path whether it was read; one line
        "path: reason" for each that was not.

    Raises:
        UserError: more than half of the files cannot be read.
    """
    images = [np.empty((len(paths), size, size, channels), np.uint8) for size in sizes]

    def read(position: int) -> str | None:
        try:
            for target, image in zip(images, decode(paths[position], sizes, channels), strict=True):
                target[position] = image
        except MemoryError:
            raise
        except Exception as error:  # damaged files make decoders raise errors of any type
            return printable(f"{paths[position]}: {error or type(error).__name__}")
        return None

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        reasons = list(pool.map(read, range(len(paths))))
    readable = np.array([reason is None for reason in reasons], bool)
    skipped = [reason for reason in reasons if reason is not None]
    if 2 * len(skipped) > len(paths):
        raise UserError(
            f"{len(skipped)} of {len(paths)} images in {what} cannot be read; the first is "
            f"{skipped[0]}"
        )
    for line in skipped:
        logging.warning("skipped unreadable image %s", line)
    if skipped:
        images = [part[readable] for part in images]
    return images, readable, skipped
