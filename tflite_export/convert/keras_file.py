"""Opens a saved Keras model, of whichever Keras wrote it."""

import re
import zipfile
from pathlib import Path

import h5py
import keras

from tflite_export.common.errors import ExportError

# How Keras's own deserialisation fails on files that are cut short or hold unknown layers.
_FAILURES = (ValueError, TypeError, KeyError, AttributeError, OSError, ImportError, RuntimeError)

# Keras 3 says "Could not locate class 'X'", tf_keras and .h5 files "Unknown layer: 'X'".
_CUSTOM_CLASS = re.compile(r"(?:Could not locate class|Unknown layer:) '(\w+)'")


def load_model(path: Path):
    """Loads a `.keras` or `.h5` model, of Keras 3 or, where that fails, of tf_keras (Keras 2).

    Args:
        path: the file. Lambda layers are not loaded: they are code that would be run.

    Raises:
        ExportError: if there is no such file, or it is not a Keras model.
    """
    if not path.exists():
        raise ExportError(f"there is no model file {path}")
    if path.is_dir():
        raise ExportError(f"{path} is a folder; a .keras or .h5 file is needed (model.save)")
    # The content decides, not the name, which decides for keras.saving.
    if zipfile.is_zipfile(path) and path.suffix == ".keras":
        return _load(path, keras)
    if h5py.is_hdf5(path) and path.suffix in (".h5", ".hdf5"):
        return _load_h5(path)
    if path.suffix not in (".keras", ".h5", ".hdf5"):
        raise ExportError(f"{path} is not a Keras model: a .keras or .h5 file is needed")
    raise ExportError(f"{path} is damaged or not a Keras model, whatever its name says")


def _load_h5(path: Path):
    try:
        return _load(path, keras)
    except ExportError as first:
        import tf_keras  # Slow to import, and rarely needed.

        try:
            return _load(path, tf_keras)
        except ExportError:
            raise first from None


def _load(path: Path, namespace):
    try:
        return namespace.models.load_model(path, compile=False)
    except (*_FAILURES, zipfile.BadZipFile) as error:
        raise ExportError(
            f"cannot load {path} with {namespace.__name__}: {_reason(str(error))}"
        ) from error


def _reason(text: str) -> str:
    if custom := _CUSTOM_CLASS.search(text):
        return (
            f"it contains {custom[1]!r}, which is not a layer of Keras; call "
            "tflite_export.export_model from a program that defines it"
        )
    if "Lambda" in text and "unsafe" in text.lower():
        return "it contains a Lambda layer, which is code; build it of other layers"
    return next((line.strip() for line in text.splitlines() if line.strip()), "no reason given")
