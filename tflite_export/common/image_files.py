"""Reads representative images, from a folder or from a numpy file."""

import zipfile
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from tflite_export.common.errors import ExportError

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp")
_MODES = {1: "L", 3: "RGB"}


def read_images(path: Path, shape: tuple[int, int, int], limit: int) -> np.ndarray:
    """Reads images in the shape of a model's input, not normalised.

    Args:
        path: folder with images, nested as it may be; or `.npy` / `.npz` (its only array, or the
            one named "images") of (n, height, width, channels).
        shape: (height, width, channels) of the model's input; files are resized to it.
        limit: at most so many images are read, evenly spaced in order of their names.

    Returns:
        (n, height, width, channels), uint8 from a folder, as stored from a numpy file.

    Raises:
        ExportError: if there are no readable images, or an array has the wrong shape.
    """
    if not path.exists():
        raise ExportError(f"there is no folder or file {path} with representative images")
    images = _from_folder(path, shape, limit) if path.is_dir() else _from_array(path, shape, limit)
    if not len(images):
        raise ExportError(f"{path} holds no images: at least one is needed, about 100 are better")
    return images


def _from_folder(folder: Path, shape: tuple[int, int, int], limit: int) -> np.ndarray:
    height, width, channels = shape
    if channels not in _MODES:
        raise ExportError(
            f"the model's input has {channels} channels; image files have 1 (grey) or 3 (RGB): "
            "pass a .npy file instead"
        )
    files = sorted(file for file in folder.rglob("*") if file.suffix.lower() in SUFFIXES)
    if not files:
        raise ExportError(f"{folder} holds no images ({', '.join(SUFFIXES)}), nor do its folders")
    images = [_read_file(file, (width, height), _MODES[channels]) for file in _spaced(files, limit)]
    return np.stack(images).reshape(-1, *shape)


def _read_file(file: Path, size: tuple[int, int], mode: str) -> np.ndarray:
    try:
        with Image.open(file) as image:
            return np.asarray(image.convert(mode).resize(size, Image.Resampling.BILINEAR))
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError) as error:
        raise ExportError(f"cannot read the image {file}: {error}; mend or remove it") from error


def _from_array(path: Path, shape: tuple[int, int, int], limit: int) -> np.ndarray:
    if path.suffix not in (".npy", ".npz"):
        raise ExportError(f"{path}: a folder of images, a .npy or a .npz file is needed")
    try:
        images = np.load(path, allow_pickle=False)
        if path.suffix == ".npz":
            images = images["images" if "images" in images.files else _only(images.files, path)]
    except (ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise ExportError(f"{path} is damaged or not a numpy file: {error}") from error
    if images.ndim != 4 or images.shape[1:] != shape:
        raise ExportError(
            f"{path} holds {images.shape}; the model needs (n, {', '.join(map(str, shape))})"
        )
    if images.dtype.kind not in "uif":
        raise ExportError(f"{path} holds {images.dtype}; uint8 pixels or floats are needed")
    return images[_spaced(np.arange(len(images)), limit)] if len(images) else images


def _only(names: list[str], path: Path) -> str:
    if len(names) != 1:
        raise ExportError(f"{path} holds the arrays {names}; name one of them 'images'")
    return names[0]


def _spaced(items, limit: int):
    if len(items) <= limit:
        return items
    indices = np.linspace(0, len(items) - 1, limit).astype(int)
    return [items[index] for index in indices]
