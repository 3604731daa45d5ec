"""Reads the tensors of a PyTorch file without PyTorch and without running what is in it.

Such a file is a pickle, which may name any function to be called while it is read. Here only the
few names that make up tensors are honoured; every other one (the training's own classes, and
whatever a hostile file names) becomes an inert placeholder.

Source: the two formats of `torch.save`: a zip archive since PyTorch 1.6, before that a row of
pickles followed by the raw storages.
"""

import collections
import dataclasses
import functools
import io
import math
import os
import pickle
import pickletools
import struct
import zipfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import IO, Any, BinaryIO

import ml_dtypes
import numpy as np

from tofa_tf.common.errors import UserError

_OLD_MAGIC = 0x1950A86A20F9469CFC6C
_OLD_PROTOCOL = 1001
_DTYPES = {
    "DoubleStorage": np.float64,
    "FloatStorage": np.float32,
    "HalfStorage": np.float16,
    "BFloat16Storage": ml_dtypes.bfloat16,
    "LongStorage": np.int64,
    "IntStorage": np.int32,
    "ShortStorage": np.int16,
    "CharStorage": np.int8,
    "ByteStorage": np.uint8,
    "BoolStorage": np.bool_,
}
# Tensors may share numbers, so that together they take more room than the file; tied weights do.
_MOST_SHARED = 4
# Opcodes that keep a value under a number.
_PUTS = ("PUT", "BINPUT", "LONG_BINPUT")
# Of all tensors; the largest public supernets have some hundred megabytes.
_LARGEST_BYTES = 1 << 32
# What a damaged or hostile pickle, archive or storage can raise while it is read.
_DAMAGE = (
    ArithmeticError, AttributeError, EOFError, LookupError, MemoryError, RecursionError,
    RuntimeError, TypeError, ValueError, pickle.UnpicklingError, struct.error, zipfile.BadZipFile,
)  # fmt: skip


def read_state_dict(path: str | os.PathLike) -> dict[str, np.ndarray]:
    """Returns the tensors of a checkpoint by name.

    Args:
        path: file written by `torch.save`, in the zip or the older format: a dict of tensors, or a
            dict with one under `state_dict`.

    Raises:
        UserError: if it cannot be read, is damaged or holds no state dict.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            is_zip = file.read(2) == b"PK"
            file.seek(0)
            content, read_storage = _open_zip(file) if is_zip else _open_old(file)
            most = min(_MOST_SHARED * os.fstat(file.fileno()).st_size, _LARGEST_BYTES)
            return _arrays(_state_dict(content), read_storage, most)
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror or error}") from error
    except _DAMAGE as error:
        raise UserError(f"{path} is damaged or not a PyTorch checkpoint ({error})") from error


@dataclasses.dataclass(frozen=True)
class _Storage:
    """Reference to the raw numbers behind one or more tensors."""

    key: str
    dtype: Any
    size: int


@dataclasses.dataclass(frozen=True)
class _Tensor:
    """A view of a storage; offset and strides count numbers, not bytes."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


class _Inert:
    """Stands for anything that is not a tensor; takes every call and does nothing."""

    def __init__(self, *args: object, **kwargs: object):
        pass

    def __call__(self, *args: object, **kwargs: object) -> "_Inert":
        return self

    def __setstate__(self, state: object) -> None:
        pass

    def __setitem__(self, key: object, value: object) -> None:
        pass

    def append(self, value: object) -> None:
        pass

    def extend(self, values: object) -> None:
        pass


class _Unpickler(pickle.Unpickler):
    """Honours the names that tensors need and no other; remembers the storages it met."""

    def __init__(self, file: IO[bytes]):
        super().__init__(file, encoding="utf-8")
        self.storages: dict[str, _Storage] = {}

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        if module == "torch._utils" and name == "_rebuild_tensor_v2":
            return self._tensor
        if module == "torch._utils" and name == "_rebuild_parameter":
            return self._parameter
        if module == "torch" and name in _DTYPES:
            return name
        return _Inert

    def persistent_load(self, saved_id: tuple) -> _Storage:
        kind, dtype, key, _, size, *view = saved_id
        if kind != "storage" or any(view):
            raise pickle.UnpicklingError(f"unknown reference {kind!r}")
        self.storages[key] = _Storage(key, _DTYPES[dtype], size)
        return self.storages[key]

    @staticmethod
    def _tensor(
        storage: _Storage, offset: int, shape: Iterable[int], strides: Iterable[int], *_: object
    ) -> _Tensor:
        return _Tensor(storage, offset, tuple(shape), tuple(strides))

    @staticmethod
    def _parameter(tensor: _Tensor, *_: object) -> _Tensor:
        return tensor


_ReadStorage = Callable[[_Storage], np.ndarray]


def _open_zip(file: BinaryIO) -> tuple[Any, _ReadStorage]:
    archive = zipfile.ZipFile(file)

    def member(name: str, size: int | None = None) -> bytes:
        info = archive.getinfo(name)
        # What is not compressed is no larger than the file. PyTorch compresses nothing.
        if info.compress_type != zipfile.ZIP_STORED or info.file_size != info.compress_size:
            raise ValueError("compressed numbers")
        if size is not None and info.file_size != size:
            raise ValueError("a storage of another size than said")
        return archive.read(info)

    pickles = [name for name in archive.namelist() if name.endswith("/data.pkl")]
    if len(pickles) != 1:
        raise ValueError("an archive without data.pkl")
    root = pickles[0].removesuffix("data.pkl")
    if f"{root}byteorder" in archive.namelist() and member(f"{root}byteorder") != b"little":
        raise ValueError("big-endian numbers")

    # Tensors of one storage mostly follow each other.
    @functools.lru_cache(maxsize=1)
    def read_storage(storage: _Storage) -> np.ndarray:
        size = storage.size * np.dtype(storage.dtype).itemsize
        return np.frombuffer(member(f"{root}data/{storage.key}", size), storage.dtype)

    return _load(io.BytesIO(member(pickles[0])))[0], read_storage


def _open_old(file: BinaryIO) -> tuple[Any, _ReadStorage]:
    if _load(file)[0] != _OLD_MAGIC or _load(file)[0] != _OLD_PROTOCOL:
        raise ValueError("another file format")
    if not _load(file)[0]["little_endian"]:
        raise ValueError("big-endian numbers")
    content, storages = _load(file)
    numbers = {}
    for key in _load(file)[0]:
        # Which type a storage has is said where a tensor refers to it, not where its numbers are.
        storage = storages[key]
        (count,) = struct.unpack("<q", file.read(8))
        size = count * np.dtype(storage.dtype).itemsize
        if count != storage.size or not 0 <= size <= _left(file):
            raise ValueError("a storage of another size than said")
        numbers[storage] = file.read(size)
    return content, lambda storage: np.frombuffer(numbers[storage], storage.dtype)


def _load(file: BinaryIO) -> tuple[Any, Mapping[str, _Storage]]:
    """Reads one pickle; returns what it holds, and the storages it refers to."""
    start, most = file.tell(), _left(file)
    for opcode, argument, _ in pickletools.genops(file):
        # The place for all numbers up to this one would be taken at once.
        if opcode.name in _PUTS and not 0 <= int(argument or 0) <= most:
            raise pickle.UnpicklingError("it remembers more than it holds")
    file.seek(start)
    unpickler = _Unpickler(file)
    return unpickler.load(), unpickler.storages


def _left(file: BinaryIO) -> int:
    """Bytes between the position of a file and its end."""
    position = file.tell()
    end = file.seek(0, os.SEEK_END)
    file.seek(position)
    return end - position


def _state_dict(content: Any) -> Mapping[str, Any]:
    if isinstance(content, Mapping) and "state_dict" in content:
        content = content["state_dict"]
    if not isinstance(content, Mapping) or not any(
        isinstance(v, _Tensor) for v in content.values()
    ):
        raise ValueError("no state dict in it")
    return content


def _arrays(
    state_dict: Mapping[str, Any], read_storage: _ReadStorage, most: int
) -> dict[str, np.ndarray]:
    """Cuts out all tensors, which together may take so many bytes."""
    arrays, total = {}, 0
    for key, value in state_dict.items():
        if isinstance(value, _Tensor):
            arrays[key] = _to_array(value, read_storage)
            total += arrays[key].nbytes
            if total > most:
                raise ValueError(f"its tensors take more than {most / 2**20:.3g} MiB")
    return arrays


def _to_array(tensor: _Tensor, read_storage: _ReadStorage) -> np.ndarray:
    """Cuts a tensor out of its storage, as a copy of its own."""
    numbers = read_storage(tensor.storage)
    steps = [(size - 1) * stride for size, stride in zip(tensor.shape, tensor.strides, strict=True)]
    last = tensor.offset + sum(steps)
    inside = min((tensor.offset, *tensor.shape, *tensor.strides)) >= 0 and last < len(numbers)
    if not inside or len(numbers) != tensor.storage.size or math.prod(tensor.shape) > len(numbers):
        raise ValueError("a tensor outside of its storage")
    view = np.lib.stride_tricks.as_strided(
        numbers[tensor.offset :],
        tensor.shape,
        [stride * numbers.itemsize for stride in tensor.strides],
    )
    return view.copy()
