"""Reads what a model is calibrated and tested with: folders of image files, or numpy files.

Images come as pixels of the model's size and colours, anything else as it is stored; neither is
normalised.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from tflite_export.common.console import warn
from tflite_export.common.errors import ExportError, UserError
from tflite_export.common.image_files import decode_image, is_image
from tflite_export.common.numpy_files import open_arrays
from tflite_export.input_spec import InputSpec
from tflite_export.preprocess import prepare

# Names that the arrays of an .npz file are looked up by.
INPUTS, LABELS = ("inputs", "images"), ("labels",)


def read_inputs(path: Path, spec: InputSpec, limit: int) -> np.ndarray:
    """Reads inputs without labels.

    Args:
        path: folder with images, nested as it may be; or `.npy` / `.npz` (its only array, or the
            one named "inputs" or "images") of (n, *shape).
        spec: of the model's input; image files are prepared by it.
        limit: at most so many are read, evenly spaced in order of their names.

    Returns:
        (n, *shape), uint8 from a folder, as stored from a numpy file.

    Raises:
        ExportError: if there are no readable inputs, or an array has the wrong shape.
        UserError: if memory has no room for a file's arrays; so do the other functions.
    """
    _check_exists(path)
    if not path.is_dir():
        inputs = _array(_open(path), path, INPUTS)
        _check_inputs(inputs, path, spec)
        return inputs[_spaced(np.arange(len(inputs)), limit)]
    files = _images_below(path)
    if not files:
        raise ExportError(f"{path} holds no images, nor do its folders: about 100 are best")
    return _decode_all(_spaced(files, limit), spec)


def read_labelled(
    path: Path, spec: InputSpec, class_names: Sequence[str] = ()
) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """Reads inputs and their classes.

    Args:
        path: folder with one sub-folder a class; or `.npz` with the arrays "inputs" (or "images"),
            (n, *shape), and "labels", integers (n,).
        spec: of the model's input.
        class_names: name of class i at position i; empty: the sub-folders' names, sorted.

    Returns:
        Inputs as `read_inputs` returns them, int64 class indices (n,), and the names of the classes
        (none for a numpy file).

    Raises:
        ExportError: if there are none, some cannot be read, or a sub-folder is of no class.
    """
    _check_exists(path)
    if not path.is_dir():
        return (*_labelled_arrays(path, spec), tuple(class_names))
    folders = sorted(
        entry for entry in path.iterdir() if entry.is_dir() and not entry.name.startswith(".")
    )
    names = tuple(class_names) or tuple(folder.name for folder in folders)
    if unknown := [folder.name for folder in folders if folder.name not in names]:
        raise ExportError(
            f"{path} has the folder {unknown[0]!r}, which is none of the classes {', '.join(names)}"
        )
    files = [
        (file, names.index(folder.name)) for folder in folders for file in _images_below(folder)
    ]
    if not files:
        raise ExportError(f"{path} holds no labelled images: one sub-folder a class is expected")
    inputs = _decode_all([file for file, _ in files], spec)
    return inputs, np.array([label for _, label in files]), names


def named_inputs(path: Path) -> Iterator[tuple[str, np.ndarray]]:
    """Yields inputs one by one with what they are called, not prepared.

    Args:
        path: image; folder with images, nested as it may be, of which those that cannot be read
            are passed over with a warning; or `.npy` / `.npz` file as for `read_inputs`.

    Raises:
        ExportError: if there are none, or a file cannot be read.
    """
    _check_exists(path)
    if path.suffix in (".npy", ".npz"):
        for number, one in enumerate(_array(_open(path), path, INPUTS)):
            yield f"{path}[{number}]", one
        return
    if not path.is_dir():
        yield str(path), _decoded(path)
        return
    files = _images_below(path)
    if not files:
        raise ExportError(f"{path} holds no images, nor do its folders")
    for file in files:
        try:
            image = _decoded(file)
        except ExportError as error:
            warn(str(error))
            continue
        yield str(file), image


def _labelled_arrays(path: Path, spec: InputSpec) -> tuple[np.ndarray, np.ndarray]:
    arrays = _open(path)
    if isinstance(arrays, np.ndarray):
        raise ExportError(f"{path} has no labels: an .npz file with inputs and labels is needed")
    inputs, labels = _array(arrays, path, INPUTS), _array(arrays, path, LABELS)
    _check_inputs(inputs, path, spec)
    if labels.shape != inputs.shape[:1] or labels.dtype.kind not in "ui":
        raise ExportError(
            f"{path}: labels are {labels.dtype} {labels.shape}; {len(inputs)} class indices are "
            "needed"
        )
    return inputs, labels.astype(np.int64)


def _check_exists(path: Path) -> None:
    if not path.exists():
        raise ExportError(f"there is no folder or file {path}")
    if not (path.is_dir() or path.is_file()):
        raise ExportError(f"{path} is neither a folder nor a file, which can be read again")


def _images_below(folder: Path) -> list[Path]:
    """Returns the image files at any depth, sorted, without hidden files and folders."""
    return sorted(
        file
        for file in folder.rglob("*")
        if is_image(file)
        and file.is_file()
        and not any(part.startswith(".") for part in file.relative_to(folder).parts)
    )


def _decode_all(files: Sequence[Path], spec: InputSpec) -> np.ndarray:
    with ThreadPoolExecutor() as pool:
        return np.stack(list(pool.map(lambda file: prepare(_decoded(file), spec), files)))


def _decoded(file: Path) -> np.ndarray:
    try:
        return decode_image(file)
    except Exception as error:  # Damaged files make decoders raise errors of any type.
        raise ExportError(
            f"cannot read the image {file}: {error or type(error).__name__}; mend or remove it"
        ) from error


def _open(path: Path) -> Any:
    if path.suffix not in (".npy", ".npz"):
        raise ExportError(f"{path}: a folder of images, a .npy or a .npz file is needed")
    try:
        return open_arrays(path)
    except UserError:
        raise
    # Whatever comes to zipfile's, tokenize's and numpy's readers, which agree on no exception.
    except Exception as error:
        raise _damaged(path, error) from error


def _array(content: Any, path: Path, names: Sequence[str]) -> np.ndarray:
    """The array of one of these names; for inputs also the only array there is."""
    if isinstance(content, np.ndarray):
        return content
    found = [name for name in names if name in content.files]
    if not found and names == INPUTS and len(content.files) == 1:
        found = content.files
    if not found:
        raise ExportError(f"{path} holds the arrays {content.files}; name one of them {names[0]!r}")
    try:
        return content[found[0]]
    except Exception as error:  # As in `_open`.
        raise _damaged(path, error) from error


def _check_inputs(inputs: np.ndarray, path: Path, spec: InputSpec) -> None:
    if inputs.shape[1:] != spec.shape:
        needed = ", ".join(("n", *map(str, spec.shape)))
        raise ExportError(f"{path} holds {inputs.shape}; the model needs ({needed})")
    if inputs.dtype.kind not in "uif":
        raise ExportError(f"{path} holds {inputs.dtype}; integers or floats are needed")
    if not len(inputs):
        raise ExportError(f"{path} holds no inputs: at least one is needed, about 100 are better")


def _damaged(path: Path, error: Exception) -> ExportError:
    reason = str(error).partition("\n")[0] or type(error).__name__
    return ExportError(f"{path} is damaged or not a numpy file: {reason}")


def _spaced(items: Any, limit: int) -> Any:
    if len(items) <= limit:
        return items
    indices = np.linspace(0, len(items) - 1, limit).astype(int)
    return [items[index] for index in indices]
