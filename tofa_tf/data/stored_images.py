"""Decoded images on disk: an array of rows that are read where they are asked for.

Rows are read, not mapped into memory: mapped pages would count as the process's own.
"""

import os
import tempfile
import weakref
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import numpy as np

from tofa_tf.common.errors import UserError


class _File:
    """A temporary file without a name: it is gone with the last who holds it."""

    def __init__(self) -> None:
        self.descriptor, path = tempfile.mkstemp(prefix="tofa-images-")
        weakref.finalize(self, os.close, self.descriptor)
        os.unlink(path)


class StoredImages:
    """Images in temporary files, which vanish with the process; to read like a numpy array.

    Args:
        files: where the images lie, each row after row.
        places: int64 (n, 2), of each image the file and the row in it.
        row_shape: (size, size, channels) of a row.
        channels: of these, so many are used: the first.
    """

    dtype = np.dtype(np.uint8)

    def __init__(
        self,
        files: Sequence[_File],
        places: np.ndarray,
        row_shape: tuple[int, int, int],
        channels: int,
    ):
        self._files = tuple(files)
        self._places = places
        self._row_shape = row_shape
        self._row_bytes = int(np.prod(row_shape))
        self._channels = channels

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """(n, size, size, channels)."""
        height, width, _ = self._row_shape
        return len(self._places), height, width, self._channels

    def __len__(self) -> int:
        return len(self._places)

    def __iter__(self) -> Iterator[np.ndarray]:
        return (self[position] for position in range(len(self)))

    def __getitem__(self, key: Any) -> np.ndarray:
        """Reads one image by its position, or several by a slice or an array."""
        places = self._places[key]
        if places.ndim == 1:
            return self._read(places[np.newaxis])[0]
        return self._read(places)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """Reads all images."""
        return self._read(self._places).astype(dtype or self.dtype, copy=False)

    def take(self, indices: np.ndarray) -> "StoredImages":
        """Returns images by their positions, or by a bool array, without reading them."""
        return StoredImages(self._files, self._places[indices], self._row_shape, self._channels)

    def first_channel(self) -> "StoredImages":
        """Returns the images with their first channel alone, without reading them."""
        return StoredImages(self._files, self._places, self._row_shape, 1)

    def joined(self, others: "StoredImages") -> "StoredImages":
        """Returns these images, then others of the same shape."""
        if (self._row_shape, self._channels) != (others._row_shape, others._channels):
            raise ValueError(f"rows of {self._row_shape} and of {others._row_shape}")
        moved = others._places + np.array([len(self._files), 0])
        files, places = self._files + others._files, np.concatenate([self._places, moved])
        return StoredImages(files, places, self._row_shape, self._channels)

    def drop_cache(self) -> None:
        """Makes the next reading one from the disk itself, as where images exceed all memory."""
        for file in self._files:
            os.fsync(file.descriptor)
            os.posix_fadvise(file.descriptor, 0, 0, os.POSIX_FADV_DONTNEED)

    def _read(self, places: np.ndarray) -> np.ndarray:
        rows = np.empty((len(places), *self._row_shape), np.uint8)
        for row, (file, position) in zip(rows, places.tolist(), strict=True):
            read = os.preadv(self._files[file].descriptor, [row.data], position * self._row_bytes)
            if read != self._row_bytes:
                raise OSError(f"row {position} of the images on disk is cut short")
        return rows if self._channels == rows.shape[-1] else rows[..., : self._channels].copy()


# Images as the code works with them: both kinds are indexed by numbers, slices and arrays.
Pixels = np.ndarray | StoredImages


class ImageWriter(Protocol):
    """Takes a known number of images of one size, in any order and from any thread."""

    def put(self, position: int, image: np.ndarray) -> None:
        """Takes one image."""

    def images(self, positions: np.ndarray) -> Pixels:
        """Returns the images at some positions, rising integers (m,)."""


class ImageMemory:
    """How much of a data set's decoded images may be in memory; what is beyond goes on disk.

    Args:
        most_bytes: of all that is decoded; None for no bound.
    """

    def __init__(self, most_bytes: int | None = None):
        self._left = most_bytes

    def writers(self, count: int, sizes: Sequence[int], channels: int) -> list[ImageWriter]:
        """Returns what takes the images of each size: all in memory, or all on disk.

        Args:
            count: of images.
            sizes: sides of the images in pixels.
            channels: of each.

        Raises:
            UserError: if they have to go on disk, and there is no room for them.
        """
        shapes = [(size, size, channels) for size in sizes]
        wanted = count * sum(map(_bytes_of, shapes))
        if self._left is None or wanted <= self._left:
            if self._left is not None:
                self._left -= wanted
            return [MemoryWriter(count, shape) for shape in shapes]
        return [FileWriter(count, shape) for shape in shapes]


class MemoryWriter:
    """Takes images into memory.

    Args:
        count: of images.
        row_shape: (size, size, channels) of each.
    """

    def __init__(self, count: int, row_shape: tuple[int, int, int]):
        self._array = np.empty((count, *row_shape), np.uint8)

    def put(self, position: int, image: np.ndarray) -> None:
        """Takes one image."""
        self._array[position] = image

    def images(self, positions: np.ndarray) -> np.ndarray:
        """Returns the images at some positions, rising integers (m,)."""
        everything = len(positions) == len(self._array)
        return self._array if everything else self._array[positions]


class FileWriter:
    """Takes images into a temporary file.

    Args:
        count: of images.
        row_shape: (size, size, channels) of each.

    Raises:
        UserError: if there is no room for the file.
    """

    def __init__(self, count: int, row_shape: tuple[int, int, int]):
        self._bytes, self._row_shape = count * _bytes_of(row_shape), row_shape
        try:
            self._file = _File()
            if count:
                # At once: a disk that is too small should say so before hours of decoding.
                os.posix_fallocate(self._file.descriptor, 0, self._bytes)
        except OSError as error:
            raise self._no_room(error) from error

    def put(self, position: int, image: np.ndarray) -> None:
        """Takes one image.

        Raises:
            UserError: if the file cannot be written.
        """
        data = np.ascontiguousarray(image, np.uint8).tobytes()
        try:
            os.pwrite(self._file.descriptor, data, position * len(data))
        except OSError as error:
            raise self._no_room(error) from error

    def images(self, positions: np.ndarray) -> StoredImages:
        """Returns the images at some positions, rising integers (m,)."""
        places = np.stack([np.zeros_like(positions), positions], axis=1)
        return StoredImages([self._file], places, self._row_shape, self._row_shape[-1])

    def _no_room(self, error: OSError) -> UserError:
        # Asking for the folder once more would fail again, where there is none.
        folder = tempfile.tempdir or "the folder for temporary files"
        return UserError(
            f"{self._bytes / 2**30:.1f} GiB of decoded images are more than image_memory_mib "
            f"allows in memory, and {folder} cannot hold them ({error.strerror}): make room there, "
            "name another folder by the environment variable TMPDIR, or raise image_memory_mib"
        )


def chosen(images: Pixels, indices: np.ndarray) -> Pixels:
    """Returns images by an integer or bool array; of those on disk without reading them."""
    return images.take(indices) if isinstance(images, StoredImages) else images[indices]


def joined_images(parts: Sequence[Pixels]) -> Pixels:
    """Returns the images of all parts, one part after the other; on disk if one of them is."""
    arrays = [part for part in parts if isinstance(part, np.ndarray)]
    if len(arrays) == len(parts):
        return np.concatenate(arrays)
    first, *others = map(_stored, parts)
    for other in others:
        first = first.joined(other)
    return first


def _stored(images: Pixels) -> StoredImages:
    if isinstance(images, StoredImages):
        return images
    writer = FileWriter(len(images), images.shape[1:])
    for position, image in enumerate(images):
        writer.put(position, image)
    return writer.images(np.arange(len(images)))


def _bytes_of(row_shape: tuple[int, int, int]) -> int:
    return int(np.prod(row_shape))
