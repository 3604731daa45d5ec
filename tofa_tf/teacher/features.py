"""Describes many images by a teacher, once: on disk, and going on where it stopped."""

import contextlib
import dataclasses
import fcntl
import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from tofa_tf.common.errors import UserError
from tofa_tf.data.stored_images import Pixels
from tofa_tf.teacher.trunk import Trunk

FEATURES = "teacher_features"
# Rows that are hashed at once: they may lie on disk.
_HASHED = 1024
# Images between two writes: a second or two of work.
_CHUNK = 128
# Of the digest that names an image.
_NAME_BYTES = 16
# Half precision: features are averages of numbers of 0 to 6, or near that.
_DTYPE = np.dtype(np.float16)


@dataclasses.dataclass(frozen=True)
class Described:
    """What a teacher has computed of images.

    Attributes:
        path: of the file, which may know further images.
        known: its rows, on disk.
        rows: which of them are those of the images.
    """

    path: Path
    known: np.ndarray
    rows: np.ndarray

    def of(self, which: slice | np.ndarray) -> np.ndarray:
        """Returns the features of some images, float32 (images, num_features)."""
        return np.asarray(self.known["features"][self.rows[which]], np.float32)


def describe_all(
    trunk: Trunk,
    images: Pixels,
    folder: Path,
    show: Callable[[int, int], None] | None = None,
) -> Described:
    """Describes all images that the folder does not know yet, from an interrupted call or others.

    Args:
        trunk: the teacher.
        images: uint8 (n, size, size, 1 or 3), in memory or on disk.
        folder: for the file, whose name has a hash of the teacher; every row names its image.
        show: is told how many images are done, and of how many.

    Raises:
        UserError: if the file cannot be written.
    """
    path = folder / f"{FEATURES}_{digest(trunk.fingerprint)[:16]}"
    row = np.dtype([("image", np.void, _NAME_BYTES), ("features", _DTYPE, trunk.num_features)])
    names = [bytes.fromhex(digest(image))[:_NAME_BYTES] for image in images]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with path.open("a+b") as file:
            # Another process at work is waited for; some network folders have no locks.
            with contextlib.suppress(OSError):
                fcntl.flock(file, fcntl.LOCK_EX)
            # A row that was being written when the process was killed is written anew.
            file.truncate(path.stat().st_size // row.itemsize * row.itemsize)
            known = _places(path, row)
            new = list({name: at for at, name in enumerate(names) if name not in known}.values())
            for start in range(0, len(new), _CHUNK):
                chunk = new[start : start + _CHUNK]
                rows = np.empty(len(chunk), row)
                rows["image"] = [np.void(names[at]) for at in chunk]
                rows["features"] = _half(trunk.features(images[chunk]))
                file.write(rows.tobytes())
                file.flush()
                if show:
                    show(len(images) - len(new) + start + len(chunk), len(images))
        places = _places(path, row)
        where = np.array([places[name] for name in names], np.int64)
        return Described(path, np.memmap(path, row, "r"), where)
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror or error}") from error


def _places(path: Path, row: np.dtype) -> dict[bytes, int]:
    """Returns which row describes which image."""
    if not path.stat().st_size:
        return {}
    return {name.tobytes(): at for at, name in enumerate(np.memmap(path, row, "r")["image"])}


def digest(*parts: str | Pixels) -> str:
    """Returns a SHA-256 of texts and arrays, in hexadecimal."""
    together = hashlib.sha256()
    for part in parts:
        if isinstance(part, str):
            together.update(part.encode())
        else:
            together.update(f"{part.dtype}{part.shape}".encode())
            for start in range(0, len(part), _HASHED):
                together.update(np.ascontiguousarray(part[start : start + _HASHED]).data)
    return together.hexdigest()


def _half(features: np.ndarray) -> np.ndarray:
    largest = np.finfo(_DTYPE).max
    return np.clip(features, -largest, largest).astype(_DTYPE)
