"""Describes many images by a teacher, once: on disk, and going on where it stopped."""

import contextlib
import fcntl
import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from tofa_tf.common.errors import UserError
from tofa_tf.teacher.trunk import Trunk

FEATURES = "teacher_features"
# Images between two writes: a second or two of work.
_CHUNK = 128
# Half precision: features are averages of numbers of 0 to 6, or near that.
_DTYPE = np.dtype(np.float16)


def describe_all(
    trunk: Trunk,
    images: np.ndarray,
    folder: Path,
    show: Callable[[int, int], None] | None = None,
) -> tuple[np.ndarray, Path]:
    """Describes all images; what an interruption has left in the folder is gone on with.

    Args:
        trunk: the teacher.
        images: uint8 (n, size, size, 1 or 3).
        folder: for the file, whose name has a hash of teacher and images.
        show: is told how many images are done, and of how many.

    Returns:
        Features, float16 (n, num_features), on disk; and the file.

    Raises:
        UserError: if the file cannot be written.
    """
    path = folder / f"{FEATURES}_{digest(trunk.fingerprint, images)[:16]}"
    row_bytes = trunk.num_features * _DTYPE.itemsize
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as file:
            # Another process at the same images is waited for; some network folders have no locks.
            with contextlib.suppress(OSError):
                fcntl.flock(file, fcntl.LOCK_EX)
            # A row that was being written when the process was killed is written anew.
            done = min(path.stat().st_size // row_bytes, len(images))
            file.truncate(done * row_bytes)
            while done < len(images):
                chunk = trunk.features(images[done : done + _CHUNK])
                file.write(np.ascontiguousarray(_half(chunk)).tobytes())
                file.flush()
                done += len(chunk)
                if show:
                    show(done, len(images))
        return np.memmap(path, _DTYPE, "r", shape=(len(images), trunk.num_features)), path
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror or error}") from error


def digest(*parts: str | np.ndarray) -> str:
    """Returns a SHA-256 of texts and arrays, in hexadecimal."""
    together = hashlib.sha256()
    for part in parts:
        if isinstance(part, str):
            together.update(part.encode())
        else:
            together.update(f"{part.dtype}{part.shape}".encode())
            together.update(np.ascontiguousarray(part).data)
    return together.hexdigest()


def _half(features: np.ndarray) -> np.ndarray:
    largest = np.finfo(_DTYPE).max
    return np.clip(features, -largest, largest).astype(_DTYPE)
