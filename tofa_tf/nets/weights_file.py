"""The file of a supernet's weights: one array for every variable, under the variable's path."""

import io
import os

import h5py
import numpy as np

from tofa_tf.common.errors import UserError
from tofa_tf.common.files import replacing
from tofa_tf.nets.supernet import Supernet
from tofa_tf.space.search_space import SearchSpace


def save_weights(supernet: Supernet, path: str | os.PathLike, dtype: str = "float32") -> None:
    """Writes the weights; the file appears complete or not at all.

    Batch norm's variances may exceed what float16 holds; they are cut there, for every use of the
    weights measures them anew.

    Args:
        supernet: built.
        path: ends in `.weights.h5`.
        dtype: "float32", or "float16" for half the size.
    """
    content = io.BytesIO()
    # On a full disk HDF5 fails several times over, and not in one line.
    with h5py.File(content, "w") as file:
        file.attrs["space"] = supernet.space.name
        for variable in supernet.weights:
            values = variable.numpy()
            if dtype == "float16" and variable.name == "moving_variance":
                values = np.minimum(values, np.finfo(np.float16).max)
            file[_key(supernet, variable.path)] = values.astype(dtype)
    with replacing(path) as temporary:
        temporary.write_bytes(content.getbuffer())


def load_weights(supernet: Supernet, path: str | os.PathLike) -> None:
    """Reads the weights into a supernet of the same space, classes and channels.

    Raises:
        UserError: if the file cannot be read, or is of another supernet; then nothing is changed.
    """
    with _opened(path, supernet.space) as file:
        values = [_read(file, _key(supernet, v.path), supernet.space) for v in supernet.weights]
    for variable, value in zip(supernet.weights, values, strict=True):
        if value.shape != tuple(variable.shape):
            raise _foreign(path, supernet.space)
    for variable, value in zip(supernet.weights, values, strict=True):
        variable.assign(value)


def load_supernet(path: str | os.PathLike, space: SearchSpace) -> Supernet:
    """Builds the supernet that a file holds, with its number of classes and channels.

    Raises:
        UserError: if the file cannot be read, or is of another space.
    """
    with _opened(path, space) as file:
        classes = _read(file, "classifier/bias", space).shape[0]
        channels = _read(file, "stem/conv/kernel", space).shape[2]
    supernet = Supernet(space, classes, channels)
    supernet.build()
    load_weights(supernet, path)
    return supernet


def _opened(path: str | os.PathLike, space: SearchSpace) -> h5py.File:
    try:
        return h5py.File(path)
    except FileNotFoundError as error:
        raise UserError(f"there is no file {path}") from error
    except OSError as error:
        raise _foreign(path, space) from error


def _read(file: h5py.File, key: str, space: SearchSpace) -> np.ndarray:
    try:
        return np.asarray(file[key], np.float32)
    except (OSError, KeyError, ValueError, TypeError) as error:
        raise _foreign(file.filename, space) from error


def _foreign(path: str | os.PathLike, space: SearchSpace) -> UserError:
    return UserError(f"{path} holds no weights of a {space.name} supernet")


def _key(supernet: Supernet, path: str) -> str:
    """The path without the name of the model."""
    return path.removeprefix(f"{supernet.name}/")
