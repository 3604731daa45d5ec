"""The whole of Tiny-ImageNet from its own folder: 200 classes of 550 images of 64 pixels."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from tofa_tf.common.errors import UserError
from tofa_tf.common.files import replacing
from tofa_tf.data.channels import RGB
from tofa_tf.data.decode import decode_all
from tofa_tf.data.records import ImageSet, Source

IMAGE_SIZE = 64
# Some copies of the set append classes of their own to `wnids.txt`.
NUM_CLASSES = 200
_TRAIN, _VALIDATION = "train", "validation"


def load(folder: str | os.PathLike, cache: str | os.PathLike | None = None) -> Source:
    """Loads training and validation images of the first 200 classes that `wnids.txt` names.

    Args:
        folder: `tiny-imagenet-200` as it is unpacked, with `wnids.txt`, `train` and `val`.
        cache: folder for the decoded images, which are read from there the next time; None for
            no cache.

    Raises:
        UserError: if the folder is another one, or most images cannot be read.
    """
    folder = Path(folder)
    classes = _lines(folder / "wnids.txt")[:NUM_CLASSES]
    names = _class_names(folder, classes)
    train = _cached(cache, _TRAIN, lambda: _read(*_train_files(folder, classes)))
    validation = _cached(cache, _VALIDATION, lambda: _read(*_validation_files(folder, classes)))
    return Source(class_names=names, train=train, test=validation)


def _train_files(folder: Path, classes: Sequence[str]) -> tuple[list[Path], list[int]]:
    paths, labels = [], []
    for label, wnid in enumerate(classes):
        found = sorted((folder / "train" / wnid / "images").glob("*.JPEG"))
        if not found:
            raise UserError(f"{folder} has no training images of class {wnid}")
        paths += found
        labels += [label] * len(found)
    return paths, labels


def _validation_files(folder: Path, classes: Sequence[str]) -> tuple[list[Path], list[int]]:
    label_of = {wnid: label for label, wnid in enumerate(classes)}
    rows = [line.split("\t") for line in _lines(folder / "val" / "val_annotations.txt")]
    named = [(row[0], label_of[row[1]]) for row in rows if len(row) > 1 and row[1] in label_of]
    return [folder / "val" / "images" / name for name, _ in named], [label for _, label in named]


def _read(paths: Sequence[Path], labels: Sequence[int]) -> ImageSet:
    (images,), readable, _ = decode_all(paths, (IMAGE_SIZE,), RGB, "Tiny-ImageNet")
    return ImageSet(images, np.asarray(labels, np.int32)[readable])


def _cached(cache: str | os.PathLike | None, part: str, read: Callable[[], ImageSet]) -> ImageSet:
    if cache is None:
        return read()
    images_path, labels_path = (Path(cache) / f"{part}_{what}.npy" for what in ("images", "labels"))
    if images_path.exists() and labels_path.exists():
        return ImageSet(np.load(images_path), np.load(labels_path))
    loaded = read()
    for path, array in ((images_path, np.asarray(loaded.images)), (labels_path, loaded.labels)):
        with replacing(path) as temporary:
            np.save(temporary, array)
    return loaded


def _class_names(folder: Path, classes: Sequence[str]) -> tuple[str, ...]:
    """The first English word of every class; its number where `words.txt` is missing."""
    words = folder / "words.txt"
    if not words.exists():
        return tuple(classes)
    word_of = dict(line.split("\t", 1) for line in _lines(words))
    return tuple(word_of.get(wnid, wnid).partition(",")[0] for wnid in classes)


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text().splitlines()
    except OSError as error:
        raise UserError(
            f"cannot read {path}: {error.strerror}; wanted the folder tiny-imagenet-200"
        ) from error
