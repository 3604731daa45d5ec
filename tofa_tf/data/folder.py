"""Folders of image files: one sub-folder a class, or images without classes."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tflite_export.common.image_files import is_image
from tofa_tf.common.errors import UserError
from tofa_tf.data.decode import decode_all
from tofa_tf.data.records import ImageSet, Source

# Names of folders that hold parts of a data set rather than classes.
_PARTS = frozenset({"train", "training", "test", "testing", "val", "valid", "validation"})


def load(path: str, image_size: int) -> Source:
    """Loads a folder with one sub-folder a class; classes are numbered by sorted name.

    Images may lie deeper inside a class folder. Hidden files and files that are not named like
    images are ignored.

    Args:
        path: of the folder.
        image_size: side of the images in pixels.

    Raises:
        UserError: the folder is missing, has fewer than two classes, a class has no readable image,
            sub-folders are not classes, or more than half of the images cannot be read.
    """
    root = _existing(path, "data set")
    class_names = _class_names(root)
    parts = [name for name in class_names if name.lower() in _PARTS]
    if parts:
        raise UserError(
            f"{root} has the folders {', '.join(parts)}, which look like parts of a data set, not "
            f"like classes: name the training part as the data set, e.g. {root / parts[0]}, and "
            "another as the test folder"
        )
    if len(class_names) < 2:
        raise UserError(
            f"{root} has {_count(class_names)}: one sub-folder a class is expected, with at least "
            "two classes"
        )
    images, skipped = _load_classes(root, class_names, image_size)
    return Source(class_names, images, skipped=tuple(skipped))


def load_test(path: str, image_size: int, class_names: Sequence[str]) -> tuple[ImageSet, list[str]]:
    """Loads test images from a folder with one sub-folder a class of the training images.

    Args:
        path: of the folder.
        image_size: side of the images in pixels.
        class_names: classes of the training images; some may be missing in the folder.

    Returns:
        The images, and one line for each that cannot be read.

    Raises:
        UserError: as `load`, or the folder has classes that the training images lack.
    """
    root = _existing(path, "test")
    found = _class_names(root)
    unknown = sorted(set(found) - set(class_names))
    if unknown:
        raise UserError(
            f"the test folder {root} has classes that the training images lack: "
            f"{', '.join(unknown)}; known are {', '.join(class_names)}"
        )
    if not found:
        raise UserError(f"the test folder {root} has no sub-folders: one a class is expected")
    images, skipped = _load_classes(root, found, image_size)
    numbers = np.array([class_names.index(name) for name in found], np.int32)
    return ImageSet(images.images, numbers[images.labels]), skipped


def load_unlabelled(path: str, image_size: int) -> tuple[np.ndarray, list[str]]:
    """Loads all images in a folder, at any depth, in the order of their paths.

    Args:
        path: of the folder.
        image_size: side of the images in pixels.

    Returns:
        uint8 array (n, image_size, image_size, 3), and one line for each image that cannot be read.

    Raises:
        UserError: the folder is missing or has no images, or more than half cannot be read.
    """
    root = _existing(path, "unlabelled")
    files = _images_below(root)
    if not files:
        raise UserError(f"the folder {root} of unlabelled images has no images")
    images, _, skipped = decode_all(files, image_size, str(root))
    return images, skipped


def _load_classes(
    root: Path, class_names: Sequence[str], image_size: int
) -> tuple[ImageSet, list[str]]:
    files, labels = [], []
    for label, name in enumerate(class_names):
        members = _class_images(root / name)
        files += members
        labels += [label] * len(members)
    images, readable, skipped = decode_all(files, image_size, str(root))
    labels = np.array(labels, np.int32)[readable]
    for label, count in enumerate(np.bincount(labels, minlength=len(class_names))):
        if not count:
            raise UserError(f"none of the images in {root / class_names[label]} can be read")
    return ImageSet(images, labels), skipped


def _class_images(folder: Path) -> list[Path]:
    files = _images_below(folder)
    if not files:
        raise UserError(f"the class folder {folder} has no images: add some or remove it")
    inner = sorted({file.relative_to(folder).parts[0] for file in files if file.parent != folder})
    if len(inner) > 1 and not any(file.parent == folder for file in files):
        raise UserError(
            f"the class folder {folder} has no images of its own but {len(inner)} folders with "
            f"images ({', '.join(inner[:3])}{', ...' if len(inner) > 3 else ''}): if those are the "
            f"classes, name {folder} as the data set or move them up; if not, move the images up"
        )
    return files


def _images_below(folder: Path) -> list[Path]:
    """Returns the image files at any depth, sorted, without hidden files and folders."""
    return sorted(
        file
        for file in folder.rglob("*")
        if is_image(file) and file.is_file() and not _is_hidden(file.relative_to(folder))
    )


def _class_names(root: Path) -> tuple[str, ...]:
    folders = (entry for entry in root.iterdir() if entry.is_dir())
    return tuple(sorted(entry.name for entry in folders if not _is_hidden(Path(entry.name))))


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _existing(path: str, what: str) -> Path:
    root = Path(path).expanduser()
    if not root.is_dir():
        problem = "is not a folder" if root.exists() else "does not exist"
        raise UserError(f"the {what} folder {root} {problem}")
    return root


def _count(class_names: Sequence[str]) -> str:
    return f"one sub-folder, '{class_names[0]}'" if class_names else "no sub-folders"
