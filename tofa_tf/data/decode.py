"""Reads image files of any usual kind into RGB arrays of one size."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from absl import logging

from tflite_export.common.image_files import decode_image
from tofa_tf.common.errors import UserError, printable
from tofa_tf.data.channels import with_channels
from tofa_tf.data.reading import Reading
from tofa_tf.data.resize import resize
from tofa_tf.data.stored_images import Pixels

# Files that a thread takes at a time.
_SOME = 64


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
    paths: Sequence[str | os.PathLike],
    sizes: Sequence[int],
    channels: int,
    what: str,
    reading: Reading | None = None,
) -> tuple[list[Pixels], np.ndarray, list[str]]:
    """Reads many image files; those that cannot be read are skipped and listed.

    Args:
        paths: of the files.
        sizes: sides of the images in pixels.
        channels: 1 or 3.
        what: the user's name for these files, for messages.
        reading: where the images are kept; by default in memory.

    Returns:
        For each size the images that could be read, uint8 (m, size, size, channels), in the order
        of `paths`; a bool array (n,) that tells for each path whether it was read; one line
        "path: reason" for each that was not.

    Raises:
        UserError: more than half of the files cannot be read, or the disk is full.
    """
    reading = reading or Reading()
    writers = reading.memory.writers(len(paths), sizes, channels)

    def read(position: int) -> str | None:
        try:
            images = decode(paths[position], sizes, channels)
        except MemoryError:
            raise
        except Exception as error:  # damaged files make decoders raise errors of any type
            return printable(f"{os.fspath(paths[position])}: {error or type(error).__name__}")
        for writer, image in zip(writers, images, strict=True):
            writer.put(position, image)
        return None

    reasons: list[str | None] = []
    for some in _in_parallel(read, len(paths)):
        reasons += some
        reading.show(f"{what}: images decoded", len(reasons), len(paths))
    readable = np.array([reason is None for reason in reasons], bool)
    skipped = [reason for reason in reasons if reason is not None]
    if 2 * len(skipped) > len(paths):
        raise UserError(
            f"{len(skipped)} of {len(paths)} images in {what} cannot be read; the first is "
            f"{skipped[0]}"
        )
    for line in skipped:
        logging.warning("skipped unreadable image %s", line)
    positions = np.flatnonzero(readable)
    return [writer.images(positions) for writer in writers], readable, skipped


def _in_parallel(read: Callable[[int], str | None], count: int) -> Iterator[list[str | None]]:
    """Calls a function of each of `count` positions by all cores; yields some results at a time."""

    def read_some(start: int) -> list[str | None]:
        return [read(position) for position in range(start, min(start + _SOME, count))]

    pool = ThreadPoolExecutor(os.cpu_count())
    try:
        yield from pool.map(read_some, range(0, count, _SOME))
    finally:
        # What ends the reading, a full disk or Ctrl-C, does not wait for all other files.
        pool.shutdown(cancel_futures=True)
