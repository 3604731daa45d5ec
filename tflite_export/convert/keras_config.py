"""What a saved Keras model says it is made of, read without building any of it.

A model file may come from anybody. Building its layers can run code that lies in the file, call any
function of TensorFlow, or read other files; a few megabytes can unpack to more than the memory.
"""

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import h5py

from tflite_export.common.errors import ExportError
from tflite_export.common.hdf5_content import content_of

_CONFIG = "config.json"
# The largest nets of keras.applications have 2 MB of configuration and 1.5 GB of weights.
_LARGEST_CONFIG_BYTES = 1 << 26
_LARGEST_MODEL_BYTES = 1 << 32

# Bytecode, or functions of TensorFlow called by name, which can write files.
_CODE = frozenset(
    (
        *("Lambda", "__lambda__"),
        *("TFOpLambda", "SlicingOpLambda", "ClassMethod", "InstanceMethod", "InstanceProperty"),
    )
)
# Layers that open files named in the configuration; none of them becomes an int8 op.
_FILE_READERS = frozenset(("TFSMLayer", "StringLookup", "IntegerLookup", "TextVectorization"))

_KERAS_PACKAGES = ("keras", "tf_keras")
# Part of configurations, but not of the public names of layers and what belongs to them.
_STRUCTURE = ("Functional", "Model", "Sequential", "Policy", "TensorShape", "__tuple__")
_NAMESPACES = ("layers", "initializers", "regularizers", "constraints")


def read_config(path: Path, *, is_archive: bool) -> Any:
    """Returns the configuration of a model file as JSON data.

    Args:
        path: the file.
        is_archive: whether it is loaded as a `.keras` archive, else as HDF5; a file can be both.

    Raises:
        ExportError: if there is none, it cannot be read, or the file would unpack to more than any
            model is.
    """
    try:
        text = _archive_config(path) if is_archive else _hdf5_config(path)
    except (OSError, KeyError, RuntimeError, zipfile.BadZipFile) as error:
        reason = str(error).partition("\n")[0]
        raise _damaged(path, reason) from error
    try:
        return json.loads(text)
    except RecursionError as error:
        raise _damaged(path, "its layers are nested too deep") from error
    except ValueError as error:
        raise _damaged(path, f"its configuration is no JSON ({error})") from error


def check_harmless(config: Any, path: Path) -> None:
    """Makes sure that building a model only builds layers.

    Args:
        config: see `read_config`.
        path: of the file, for the message.

    Raises:
        ExportError: naming a layer that is code, or that reads files.
    """
    for part in _parts(config):
        kind = part["class_name"]
        name = f" {layer!r}" if (layer := _name_of(part)) else ""
        if kind in _CODE:
            raise ExportError(
                f"cannot load {path}: it contains the {kind} layer{name}, which is code and is not "
                "run; build the model of other layers"
            )
        if kind in _FILE_READERS:
            raise ExportError(
                f"cannot load {path}: it contains the layer{name} of class {kind}, which reads "
                "other files; do without it"
            )


def foreign_class(config: Any, keras: ModuleType) -> str:
    """Returns a class or function of a configuration that is not Keras's own; empty if none is.

    Args:
        config: see `read_config`.
        keras: whose layers, initializers, regularizers and constraints count.
    """
    known = set(_STRUCTURE)
    for namespace in _NAMESPACES:
        members = vars(getattr(keras, namespace))
        known |= {name for name, member in members.items() if isinstance(member, type)}
    functions = set(vars(keras.activations))
    for part in _parts(config):
        kind, module = part["class_name"], part.get("module") or "keras"
        known_here = known
        if kind == "function":
            kind, known_here = str(part.get("config")), functions
        own = isinstance(module, str) and module.partition(".")[0] in (*_KERAS_PACKAGES, "builtins")
        if kind not in known_here or not own:
            return kind
    return ""


def _parts(config: Any) -> Iterator[dict[str, Any]]:
    """Yields every object of a configuration, however deep, whose class is named."""
    waiting = [config]
    while waiting:
        data = waiting.pop()
        if isinstance(data, dict):
            if "class_name" in data:
                yield {**data, "class_name": str(data["class_name"])}
            waiting += data.values()
        elif isinstance(data, list):
            waiting += data


def _name_of(part: dict[str, Any]) -> str:
    config = part.get("config")
    return str(config.get("name", "")) if isinstance(config, dict) else ""


def _archive_config(path: Path) -> bytes:
    with zipfile.ZipFile(path) as archive:
        # zipfile never reads more of a member than is declared, nor does Keras, which uses it.
        total = sum(member.file_size for member in archive.infolist())
        if _CONFIG not in archive.namelist():
            raise _damaged(path, f"there is no {_CONFIG} in it")
        config = archive.getinfo(_CONFIG).file_size
        _check_size(path, "configuration", config, _LARGEST_CONFIG_BYTES)
        _check_size(path, "content", total, _LARGEST_MODEL_BYTES)
        return archive.read(_CONFIG)


def _hdf5_config(path: Path) -> bytes | str:
    with h5py.File(path) as file:
        _check_datasets(path, file)
        config = file.attrs.get("model_config")
        if config is None:
            raise _damaged(path, "it holds weights at most; write the model with model.save")
        return config


def _check_datasets(path: Path, file: h5py.File) -> None:
    """Weights lie in the file itself, and are no larger than a model's can be."""
    total, name = content_of(file)
    if name:
        raise ExportError(f"cannot load {path}: {name!r} in it is a link elsewhere")
    _check_size(path, "content", total, _LARGEST_MODEL_BYTES)


def _check_size(path: Path, what: str, size_bytes: int, largest_bytes: int) -> None:
    if size_bytes > largest_bytes:
        raise ExportError(
            f"{path} is not loaded: its {what} would take {size_bytes / 2**20:.0f} MiB, more than "
            f"the {largest_bytes / 2**20:.0f} MiB that a model may have"
        )


def _damaged(path: Path, why: str) -> ExportError:
    return ExportError(f"{path} is damaged or not a Keras model: {why}")
