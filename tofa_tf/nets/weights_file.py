"""The file of a supernet's weights: one array for every variable, under the variable's path."""

import contextlib
import io
import os
from collections.abc import Iterator

import h5py
import numpy as np

from tflite_export.common.hdf5_content import content_of
from tofa_tf.common.errors import UserError
from tofa_tf.common.files import replacing
from tofa_tf.nets.supernet import Supernet
from tofa_tf.space.search_space import SearchSpace

# Grey and colour.
_CHANNELS = (1, 3)
# Supernets of the largest spaces have some hundred megabytes.
_LARGEST_BYTES = 1 << 32


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
        UserError: if the file cannot be read, is of another supernet, or holds NaN or infinity;
            then nothing is changed.
    """
    with _opened(path, supernet.space) as file:
        values = [
            _read(file, _key(supernet, v.path), supernet.space, tuple(v.shape))
            for v in supernet.weights
        ]
    for variable, value in zip(supernet.weights, values, strict=True):
        variable.assign(value)


def load_supernet(path: str | os.PathLike, space: SearchSpace) -> Supernet:
    """Builds the supernet that a file holds, with its number of classes and channels.

    Raises:
        UserError: if the file cannot be read, is of another space, or holds NaN or infinity.
    """
    with _opened(path, space) as file:
        classes, channels = _sizes(file, space)
        features = _dataset(file, "classifier/kernel", space).shape[0]
    supernet = Supernet(space, classes, channels)
    # Few features let a file claim many more classes than its size allows.
    if features != supernet.classifier.max_in_features:
        raise _foreign(path, space)
    supernet.build()
    load_weights(supernet, path)
    return supernet


def _sizes(file: h5py.File, space: SearchSpace) -> tuple[int, int]:
    """Number of classes and channels; the arrays they come from are not read yet."""
    bias = _dataset(file, "classifier/bias", space).shape
    kernel = _dataset(file, "classifier/kernel", space).shape
    stem = _dataset(file, "stem/conv/kernel", space).shape
    # Anything else may be a claim of more classes than the memory has room for.
    if len(bias) != 1 or len(kernel) != 2 or kernel[1] != bias[0] or not bias[0]:
        raise _foreign(file.filename, space)
    if len(stem) != 4 or stem[2] not in _CHANNELS:
        raise _foreign(file.filename, space)
    return bias[0], stem[2]


@contextlib.contextmanager
def _opened(path: str | os.PathLike, space: SearchSpace) -> Iterator[h5py.File]:
    try:
        file = h5py.File(path)
    except FileNotFoundError as error:
        raise UserError(f"there is no file {path}") from error
    except (OSError, RuntimeError) as error:
        raise _foreign(path, space) from error
    with file:
        try:
            _check_content(file)
        except UserError:
            raise
        # A ValueError too, which a UserError is.
        except (OSError, KeyError, RuntimeError, TypeError, ValueError, MemoryError) as error:
            raise _foreign(path, space) from error
        yield file


def _check_content(file: h5py.File) -> None:
    """Weights lie in the file itself, under their own names, and are no larger than a net's."""
    total, name = content_of(file)
    if name:
        raise UserError(f"{file.filename} is not loaded: {name!r} in it is a link elsewhere")
    if total > _LARGEST_BYTES:
        raise UserError(
            f"{file.filename} is not loaded: its content would take {total / 2**20:.0f} MiB, more "
            f"than the {_LARGEST_BYTES / 2**20:.0f} MiB that weights may have"
        )


def _dataset(file: h5py.File, key: str, space: SearchSpace) -> h5py.Dataset:
    try:
        item = file[key]
    except (OSError, KeyError, ValueError, RuntimeError) as error:
        raise _foreign(file.filename, space) from error
    # One without a value has no shape.
    if not isinstance(item, h5py.Dataset) or item.shape is None:
        raise _foreign(file.filename, space)
    return item


def _read(file: h5py.File, key: str, space: SearchSpace, shape: tuple[int, ...]) -> np.ndarray:
    item = _dataset(file, key, space)
    if item.shape != shape:
        raise _foreign(file.filename, space)
    try:
        # Of a wider type, what float32 cannot hold becomes infinity.
        with np.errstate(over="ignore"):
            values = np.asarray(item, np.float32)
    except (OSError, ValueError, TypeError, RuntimeError, MemoryError) as error:
        raise _foreign(file.filename, space) from error
    if not np.isfinite(values).all():
        raise UserError(
            f"{file.filename} is not loaded: {key!r} in it holds NaN or infinity, as after a "
            "training that diverged"
        )
    return values


def _foreign(path: str | os.PathLike, space: SearchSpace) -> UserError:
    return UserError(f"{path} holds no weights of a {space.name} supernet")


def _key(supernet: Supernet, path: str) -> str:
    """The path without the name of the model."""
    return path.removeprefix(f"{supernet.name}/")
