"""Folders of image files: one sub-folder a class, or images without classes."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from absl import logging

from tflite_export.common.folders import MARKER
from tofa_tf.common.errors import UserError, printable
from tofa_tf.common.paths import user_path
from tofa_tf.data.decode import decode_all
from tofa_tf.data.reading import Reading
from tofa_tf.data.records import ImageSet, Source, as_texts, joined, without_classes
from tofa_tf.data.scan import image_files

# Names of folders that hold parts of a data set rather than classes.
_TRAIN_PARTS = ("train", "training")
_OTHER_PARTS = ("test", "testing", "validation", "val", "valid")
_UNLABELLED = ("unlabelled", "unlabeled")


def load(
    path: str,
    sizes: Sequence[int],
    channels: int,
    *,
    test: str | None,
    unlabelled: str | None,
    reading: Reading | None = None,
) -> Source:
    """Loads a folder with one sub-folder a class; classes are numbered by sorted name.

    Images may lie deeper inside a class folder. Hidden files and files that are not named like
    images are ignored, and so is a run that lies there. A sub-folder called `unlabelled` or
    `unlabeled` is no class: its images are the unlabelled ones, unless the user names another
    folder of these.

    Args:
        path: of the folder.
        sizes: sides of the images in pixels, the largest first.
        channels: 1 or 3.
        test: folder of test images; as a sub-folder it is no class.
        unlabelled: folder of unlabelled images; as a sub-folder it is no class.
        reading: where the images are kept; by default in memory.

    Raises:
        UserError: the folder is missing, has fewer than two classes, a class has no readable image,
            sub-folders are not classes, or more than half of the images cannot be read.
    """
    root, reading = _existing(path, "data set"), reading or Reading()
    names, own = _classes(root, test, unlabelled)
    images, skipped = _load_classes(root, names, sizes, channels, reading)
    pools = []
    for folder in own if unlabelled is None else ():
        logging.info("the sub-folder %s is taken as unlabelled images, not as a class", folder)
        pool, unreadable = _load_unlabelled(folder, root, sizes, channels, reading)
        pools.append(pool)
        skipped += unreadable
    found = joined(pools) if pools else None
    return Source(names, images, unlabelled=found, skipped=tuple(skipped))


def class_names(path: str, *, test: str | None, unlabelled: str | None) -> tuple[str, ...]:
    """Returns the names of the classes that `load` would find, without reading images.

    Raises:
        UserError: the folder is missing, or its sub-folders are not classes.
    """
    return _classes(_existing(path, "data set"), test, unlabelled)[0]


def image_folders(path: str, *, test: str | None, unlabelled: str | None) -> list[Path]:
    """Returns the folders whose images a data set consists of, those of the classes first.

    Raises:
        UserError: as `class_names`.
    """
    root = _existing(path, "data set")
    names, own = _classes(root, test, unlabelled)
    others = further_folders(test=test, unlabelled=unlabelled)
    return [*(root / name for name in names), *(own if unlabelled is None else ()), *others]


def further_folders(*, test: str | None, unlabelled: str | None) -> list[Path]:
    """Returns the folders that take the place of a set's own parts.

    Raises:
        UserError: one is missing.
    """
    named = {"unlabelled": unlabelled, "test": test}
    return [_existing(place, what) for what, place in named.items() if place is not None]


def load_test(
    path: str,
    sizes: Sequence[int],
    channels: int,
    class_names: Sequence[str],
    reading: Reading | None = None,
) -> tuple[ImageSet, list[str]]:
    """Loads test images from a folder with one sub-folder a class of the training images.

    Args:
        path: of the folder.
        sizes: sides of the images in pixels, the largest first.
        channels: 1 or 3.
        class_names: classes of the training images; some may be missing in the folder.
        reading: where the images are kept; by default in memory.

    Returns:
        The images, and one line for each that cannot be read.

    Raises:
        UserError: as `load`, or the folder has classes that the training images lack.
    """
    root = _existing(path, "test")
    found = [folder.name for folder in _folders(root)]
    unknown = sorted(set(found) - set(class_names))
    if unknown:
        raise UserError(
            f"the test folder {root} has classes that the training images lack: "
            f"{', '.join(unknown)}; known are {', '.join(class_names)}"
        )
    if not found:
        raise UserError(f"the test folder {root} has no sub-folders: one a class is expected")
    images, skipped = _load_classes(root, found, sizes, channels, reading or Reading())
    numbers = np.array([class_names.index(name) for name in found], np.int32)
    return replace(images, labels=numbers[images.labels]), skipped


def load_unlabelled(
    path: str, sizes: Sequence[int], channels: int, reading: Reading | None = None
) -> tuple[ImageSet, list[str]]:
    """Loads all images in a folder, at any depth, in the order of their paths.

    Args:
        path: of the folder.
        sizes: sides of the images in pixels, the largest first.
        channels: 1 or 3.
        reading: where the images are kept; by default in memory.

    Returns:
        The images, and one line for each that cannot be read.

    Raises:
        UserError: the folder is missing or has no images, or more than half cannot be read.
    """
    root = _existing(path, "unlabelled")
    return _load_unlabelled(root, root, sizes, channels, reading or Reading())


def _classes(
    root: Path, test: str | None, unlabelled: str | None
) -> tuple[tuple[str, ...], list[Path]]:
    """Returns the names of the classes, and the sub-folders of unlabelled images."""
    others = {"test": test, "unlabelled": unlabelled}
    named = {what: user_path(other).resolve() for what, other in others.items() if other}
    folders = [folder for folder in _folders(root) if folder.resolve() not in named.values()]
    own = [folder for folder in folders if folder.name.lower() in _UNLABELLED]
    names = tuple(folder.name for folder in folders if folder not in own)
    _check_classes(root, names)
    for name in names:
        for what, other in named.items():
            check_apart("class", root / name, what, other)
    return names, own


def _load_unlabelled(
    folder: Path, root: Path, sizes: Sequence[int], channels: int, reading: Reading
) -> tuple[ImageSet, list[str]]:
    files = _found(folder, reading)
    if not files:
        raise UserError(f"the folder {folder} of unlabelled images has no images")
    prefix = "" if folder == root else f"{folder.relative_to(root).as_posix()}/"
    names = [prefix + file for file in files]
    return _decoded(names, root, str(folder), sizes, channels, reading)


def _load_classes(
    root: Path, class_names: Sequence[str], sizes: Sequence[int], channels: int, reading: Reading
) -> tuple[ImageSet, list[str]]:
    names, labels = [], []
    for label, name in enumerate(class_names):
        members = _class_images(root / name, reading)
        names += [f"{name}/{file}" for file in members]
        labels += [label] * len(members)
    images, skipped = _decoded(names, root, str(root), sizes, channels, reading, labels)
    for label, count in enumerate(np.bincount(images.labels, minlength=len(class_names))):
        if not count:
            raise UserError(f"none of the images in {root / class_names[label]} can be read")
    return images, skipped


def _decoded(
    names: Sequence[str],
    root: Path,
    what: str,
    sizes: Sequence[int],
    channels: int,
    reading: Reading,
    labels: Sequence[int] | None = None,
) -> tuple[ImageSet, list[str]]:
    """Reads images by their paths below `root`, which become their ids."""
    paths = [str(root / name) for name in names]
    (images, *smaller), readable, skipped = decode_all(paths, sizes, channels, what, reading)
    ids = as_texts([printable(name) for name in names])[readable]
    found = without_classes(images, ids, smaller)
    if labels is not None:
        found = replace(found, labels=np.array(labels, np.int32)[readable])
    return found, skipped


def _class_images(folder: Path, reading: Reading) -> list[str]:
    files = _found(folder, reading)
    if not files:
        raise UserError(f"the class folder {folder} has no images: add some or remove it")
    inner = sorted({file.partition("/")[0] for file in files if "/" in file})
    if len(inner) > 1 and all("/" in file for file in files):
        raise UserError(
            f"the class folder {folder} has no images of its own but {len(inner)} folders with "
            f"images ({', '.join(inner[:3])}{', ...' if len(inner) > 3 else ''}): if those are the "
            f"classes, name {folder} as the data set or move them up; if not, move the images up"
        )
    return files


def _found(folder: Path, reading: Reading) -> list[str]:
    return image_files(folder, lambda found: reading.show(f"{folder}: images found", found, 0))


def _folders(root: Path) -> list[Path]:
    """Returns the sub-folders that may be classes, sorted by name."""
    folders = (entry for entry in root.iterdir() if entry.is_dir())
    found = sorted(
        entry
        for entry in folders
        if not _is_hidden(Path(entry.name)) and not (entry / MARKER).is_file()
    )
    for folder in found:
        if not folder.name.isprintable():
            raise UserError(
                f"{root} has a sub-folder whose name cannot be printed in one line, "
                f"'{printable(folder.name)}': rename it, since that is the name of a class"
            )
    return found


def _check_classes(root: Path, class_names: Sequence[str]) -> None:
    """Raises a UserError if the sub-folders are none, one, or parts of a data set."""
    parts = {name.lower(): name for name in class_names}
    train = [parts[part] for part in _TRAIN_PARTS if part in parts]
    other = [parts[part] for part in _OTHER_PARTS if part in parts]
    if train or other:
        advice = [f"{root / train[0]} as the data set"] if train else []
        advice += [f"{root / other[0]} as its test folder"] if other else []
        raise UserError(
            f"{root} has the folders {', '.join(train + other)}, which look like parts of a data "
            f"set, not like classes: name {' and '.join(advice)}"
        )
    if len(class_names) < 2:
        raise UserError(
            f"{root} has {_count(class_names)}: one sub-folder a class is expected, with at least "
            "two classes"
        )


def check_apart(what: str, folder: Path, other_what: str, other: Path) -> None:
    """Raises a UserError if a folder lies in another: their images would be in two parts."""
    one, two = (user_path(path).resolve() for path in (folder, other))
    if one.is_relative_to(two) or two.is_relative_to(one):
        raise UserError(
            f"the {what} folder {folder} and the {other_what} folder {other} have images in "
            "common: move one of them elsewhere"
        )


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _existing(path: str, what: str) -> Path:
    root = user_path(path)
    if not path.isprintable():
        raise UserError(
            f"the {what} folder '{printable(path)}' has a name that cannot be printed in one line: "
            "rename it"
        )
    if not root.is_dir():
        problem = "is not a folder" if root.exists() else "does not exist"
        raise UserError(f"the {what} folder {root} {problem}")
    return root


def _count(class_names: Sequence[str]) -> str:
    return f"one sub-folder, '{class_names[0]}'" if class_names else "no sub-folders"
