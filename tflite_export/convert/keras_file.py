"""Opens a saved Keras model, of whichever Keras wrote it."""

import re
import zipfile
from pathlib import Path
from types import ModuleType
from typing import Any

import h5py
import keras
import tensorflow as tf

from tflite_export.common.errors import ExportError
from tflite_export.convert.keras_config import check_harmless, foreign_class, read_config

# How Keras's own deserialisation fails on files that are cut short, hold unknown layers, or ask for
# weights that no memory holds.
_FAILURES = (
    *(ValueError, TypeError, KeyError, AttributeError, OSError, ImportError, RuntimeError),
    *(MemoryError, tf.errors.OpError, zipfile.BadZipFile),
)

# Keras 3 says "Could not locate class 'X'", tf_keras and .h5 files "Unknown layer: 'X'".
_CUSTOM_CLASS = re.compile(r"(?:Could not locate class|Unknown layer:) '(\w+)'")


def load_model(path: Path) -> Any:
    """Loads a `.keras` or `.h5` model, of Keras 3 or, where that fails, of tf_keras (Keras 2).

    Args:
        path: the file; it may come from anybody, nothing in it is run.

    Raises:
        ExportError: if there is no such file, it is not a Keras model, or it has layers that are
            code or read other files.
    """
    if not path.exists():
        raise ExportError(f"there is no model file {path}")
    if path.is_dir():
        raise ExportError(f"{path} is a folder; a .keras or .h5 file is needed (model.save)")
    # The content decides, not the name, which decides for keras.saving.
    is_archive = zipfile.is_zipfile(path) and path.suffix == ".keras"
    is_hdf5 = h5py.is_hdf5(path) and path.suffix in (".h5", ".hdf5")
    if not is_archive and not is_hdf5:
        if path.suffix not in (".keras", ".h5", ".hdf5"):
            raise ExportError(f"{path} is not a Keras model: a .keras or .h5 file is needed")
        raise ExportError(f"{path} is damaged or not a Keras model, whatever its name says")
    config = read_config(path, is_archive=is_archive)
    check_harmless(config, path)
    return _load(path, keras) if is_archive else _load_hdf5(path, config)


def _load_hdf5(path: Path, config: Any) -> Any:
    try:
        return _load(path, keras)
    except ExportError as first:
        import tf_keras  # Slow to import, and rarely needed.

        # Keras 3 refuses what it does not know; Keras 2 imports whatever module a file names.
        if foreign_class(config, tf_keras):
            raise
        try:
            return _load(path, tf_keras)
        except ExportError:
            raise first from None


def _load(path: Path, namespace: ModuleType) -> Any:
    try:
        return namespace.models.load_model(path, compile=False)
    except _FAILURES as error:
        raise ExportError(
            f"cannot load {path} with {namespace.__name__}: {_reason(error)}"
        ) from error


def _reason(error: Exception) -> str:
    text = str(error) or type(error).__name__
    if custom := _CUSTOM_CLASS.search(text):
        return (
            f"it contains {custom[1]!r}, which is not a layer of Keras; call "
            "tflite_export.export_model from a program that defines it"
        )
    return next((line.strip() for line in text.splitlines() if line.strip()), "no reason given")
