"""Writes files in PyTorch's zip format by hand, without PyTorch."""

import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np


def pickled_tensor(storage: str, count: int, offset: int, shape: tuple, strides: tuple) -> bytes:
    """The opcodes that rebuild one float32 tensor from a storage of `count` numbers."""
    return b"".join(
        (
            pickle.GLOBAL + b"torch._utils\n_rebuild_tensor_v2\n",
            pickle.MARK,
            _opcodes(("storage", "FloatStorage", storage, "cpu", count)),
            pickle.BINPERSID,
            *(_opcodes(value) for value in (offset, shape, strides)),
            pickle.TUPLE,
            pickle.REDUCE,
        )
    )


def write_torch_zip(path: Path, tensors: Mapping[str, bytes], storages: list[np.ndarray]) -> None:
    """Writes a state dict.

    Args:
        tensors: opcodes by name, see `pickled_tensor`.
        storages: flat float32 arrays; the i-th is called str(i).
    """
    items = (_opcodes(key) + tensor + pickle.SETITEM for key, tensor in tensors.items())
    content = b"".join((pickle.PROTO + b"\x02", pickle.EMPTY_DICT, *items, pickle.STOP))
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("archive/data.pkl", content)
        for number, storage in enumerate(storages):
            file.writestr(f"archive/data/{number}", storage.astype("<f4").tobytes())


def write_state_dict(path: Path, tensors: Mapping[str, np.ndarray]) -> None:
    """Writes float32 arrays as contiguous tensors."""
    pickled = {}
    for number, (key, array) in enumerate(tensors.items()):
        strides = tuple(stride // array.itemsize for stride in array.strides)
        pickled[key] = pickled_tensor(str(number), array.size, 0, array.shape, strides)
    write_torch_zip(path, pickled, [array.ravel() for array in tensors.values()])


def _opcodes(value) -> bytes:
    """The pickle of a plain value without its first and last opcode."""
    return pickle.dumps(value, 2)[2:-1]
