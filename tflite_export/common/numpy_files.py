"""Opens numpy's files, once their headers say that memory has room for what they unfold to.

A compressed `.npz` can unfold to a thousand times its size; a header can say any size at all.
"""

import math
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np

from tflite_export.common.errors import UserError
from tflite_export.common.memory import memory_bytes

# What is computed of arrays takes as much again.
_SHARE_OF_MEMORY = 0.5
_GIB = 1 << 30
# The versions of a header that numpy writes for all but names of fields beyond Latin letters.
_READERS: Mapping[tuple[int, ...], Callable[[IO[bytes]], Any]] = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


def open_arrays(path: Path) -> Any:
    """Opens a `.npy` or `.npz` file, which may come from anybody: no code in it is run.

    Args:
        path: of the file.

    Returns:
        The array of a `.npy`; of a `.npz` what has them by name, and is to be closed.

    Raises:
        UserError: if all arrays together would take more than half of the memory.
        Exception: of any type, if the file is damaged: zipfile's, tokenize's and numpy's readers
            agree on none.
    """
    size_bytes, most_bytes = _unfolded_bytes(path), _SHARE_OF_MEMORY * memory_bytes()
    if size_bytes > most_bytes:
        raise UserError(
            f"{path} is not loaded: its arrays would take {size_bytes / _GIB:.3g} GiB, more than "
            f"half of this machine's memory ({most_bytes / _GIB:.3g} GiB)"
        )
    return np.load(path, allow_pickle=False)


def _unfolded_bytes(path: Path) -> int:
    """How much all arrays of a file take by what is said of them."""
    with path.open("rb") as file:
        # By its first bytes, as numpy does.
        if file.read(2) != b"PK":
            file.seek(0)
            return _declared_bytes(file)
        with zipfile.ZipFile(file) as archive:
            return sum(_member_bytes(archive, member) for member in archive.infolist())


def _member_bytes(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> int:
    with archive.open(member) as file:
        # No more is ever unpacked than the archive's directory says.
        return max(member.file_size, _declared_bytes(file))


def _declared_bytes(file: IO[bytes]) -> int:
    """How much an array takes by its header; 0 of what is none."""
    magic = np.lib.format.MAGIC_PREFIX
    head = file.read(len(magic) + 2)
    reader = _READERS.get(tuple(head[len(magic) :]))
    if not head.startswith(magic) or reader is None:
        return 0
    shape, _, dtype = reader(file)
    return math.prod(shape) * dtype.itemsize
