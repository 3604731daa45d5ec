"""Data sets that tensorflow-datasets has prepared on this machine; nothing is downloaded."""

import contextlib
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from tofa_tf.common.errors import UserError, first_line
from tofa_tf.common.paths import user_path
from tofa_tf.data.channels import RGB
from tofa_tf.data.reading import Reading
from tofa_tf.data.records import ImageSet, Source, without_classes
from tofa_tf.data.resize import at_sizes

_TEST_SPLITS = ("test", "validation")
_UNLABELLED_SPLITS = ("unlabelled", "unlabeled")

# Images that are read at once where all have one size, which is several times faster.
_BATCH = 256

# What TensorFlow adds to the reason: the operation that failed.
_OF_THE_GRAPH = re.compile(r"^\{\{.*?\}\} | \[Op:.*$")

_PREPARE = (
    'python -c "import tensorflow_datasets as tfds; '
    "tfds.builder('NAME', data_dir='{root}').download_and_prepare()\""
)


def prepared(data_dir: str | None) -> dict[str, Path]:
    """Finds the data sets that lie prepared in a folder.

    Args:
        data_dir: the folder, by default tensorflow-datasets' own.

    Returns:
        Folder of the newest version of each, by "name" or "name/config".
    """
    root = _root(data_dir)
    infos = [*root.glob("*/*/dataset_info.json"), *root.glob("*/*/*/dataset_info.json")]
    versions = sorted((info.parent for info in infos), key=_version)
    return {version.parent.relative_to(root).as_posix(): version for version in versions}


def describe_prepared(data_dir: str | None) -> str:
    """Says which data sets `prepared` finds and how another one is added."""
    root = _root(data_dir)
    names = ", ".join(sorted(prepared(data_dir))) or "none"
    return (
        f"prepared by tensorflow-datasets in {root}: {names} (add one where there is a network by "
        f"{_PREPARE.format(root=root)}, or name another folder as data_dir)"
    )


def load(
    name: str,
    sizes: Sequence[int],
    channels: int,
    data_dir: str | None,
    reading: Reading | None = None,
) -> Source:
    """Loads a prepared data set: training images and, if it has them, test and unlabelled ones.

    Args:
        name: a key of `prepared`.
        sizes: sides of the images in pixels, the largest first.
        channels: 1 or 3.
        data_dir: as in `prepared`.
        reading: where the images are kept; by default in memory.

    Raises:
        UserError: the set is not one for image classification or cannot be read, or
            tensorflow-datasets is not installed.
    """
    reading = reading or Reading()
    tfds = _library()
    folder = prepared(data_dir)[name]
    builder = _builder(tfds, folder)
    names = _class_names(tfds, builder.info, name)
    with _readable(folder):
        splits = {
            split: _read(tfds, builder, split, sizes, channels, reading)
            for split in ("train", *_TEST_SPLITS, *_UNLABELLED_SPLITS)
            if split in builder.info.splits
        }
    if "train" not in splits:
        raise UserError(f"the data set {name} in {folder} has no split called train")
    # Some sets keep the labels of their test split secret, all -1.
    tests = [splits[split] for split in _TEST_SPLITS if split in splits]
    test = next((part for part in tests if (part.labels >= 0).all()), None)
    unlabelled = next((splits[part] for part in _UNLABELLED_SPLITS if part in splits), None)
    if unlabelled is not None:
        unlabelled = without_classes(unlabelled.images, unlabelled.ids, unlabelled.smaller)
    return Source(names, splits["train"], test, unlabelled)


def class_names(name: str, data_dir: str | None) -> tuple[str, ...]:
    """Returns the names of a prepared data set's classes, without reading images.

    Args:
        name: a key of `prepared`.
        data_dir: as in `prepared`.

    Raises:
        UserError: as `load`.
    """
    tfds = _library()
    return _class_names(tfds, _builder(tfds, prepared(data_dir)[name]).info, name)


def some_images(name: str, count: int, size: int, data_dir: str | None) -> np.ndarray:
    """Returns the first training images of a prepared data set as RGB, (count, size, size, 3).

    Args:
        name: a key of `prepared`.
        count: at most so many.
        size: side of the images in pixels.
        data_dir: as in `prepared`.

    Raises:
        UserError: as `load`.
    """
    tfds, folder = _library(), prepared(data_dir)[name]
    builder = _builder(tfds, folder)
    if "train" not in builder.info.splits:
        return np.empty((0, size, size, RGB), np.uint8)
    # More than there are must not be asked for.
    count = min(count, builder.info.splits["train"].num_examples)
    with _readable(folder):
        some = _read(tfds, builder, f"train[:{count}]", (size,), RGB, Reading())
    return np.asarray(some.images)


@contextlib.contextmanager
def _readable(folder: Path) -> Iterator[None]:
    from tflite_export.common.quiet_tensorflow import tf

    try:
        yield
    except tf.errors.OpError as error:
        reason = _OF_THE_GRAPH.sub("", first_line(error))
        raise UserError(f"cannot read the data set in {folder}: {reason}") from error


def _builder(tfds: ModuleType, folder: Path) -> Any:
    try:
        return tfds.builder_from_directory(folder)
    except Exception as error:  # damaged metadata makes the library raise errors of any type
        raise UserError(f"cannot read the data set in {folder}: {first_line(error)}") from error


def _class_names(tfds: ModuleType, info: Any, name: str) -> tuple[str, ...]:
    keys = info.supervised_keys
    if keys and len(keys) == 2:
        image, label = (info.features[key] for key in keys)
        if isinstance(image, tfds.features.Image) and isinstance(label, tfds.features.ClassLabel):
            return tuple(label.names)
    raise UserError(f"the data set {name} does not consist of images with one class each")


def _read(
    tfds: ModuleType,
    builder: Any,
    split: str,
    sizes: Sequence[int],
    channels: int,
    reading: Reading,
) -> ImageSet:
    count = builder.info.splits[split].num_examples
    writers = reading.memory.writers(count, sizes, channels)
    labels = np.empty(count, np.int32)
    one_size = None not in builder.info.features[builder.info.supervised_keys[0]].shape
    examples = builder.as_dataset(
        split, batch_size=_BATCH if one_size else 1, as_supervised=True, shuffle_files=False
    )
    done = 0
    for batch, classes in tfds.as_numpy(examples):
        resized = at_sizes(_without_alpha(batch), sizes, channels)
        for writer, some in zip(writers, resized, strict=True):
            for position, image in enumerate(some, done):
                writer.put(position, image)
        labels[done : done + len(batch)] = classes
        done += len(batch)
        reading.show(f"{builder.name}, {split}: images decoded", done, count)
    largest, *smaller = (writer.images(np.arange(done)) for writer in writers)
    return ImageSet(largest, labels[:done], smaller=tuple(smaller))


def _without_alpha(images: np.ndarray) -> np.ndarray:
    channels = images.shape[-1]
    if images.dtype != np.uint8 or channels not in (1, 3, 4):
        raise UserError(
            f"images of type {images.dtype} with {channels} channels are not supported: "
            "8 bits, grey or RGB are"
        )
    return images[..., :RGB]


def _library() -> ModuleType:
    # Here, because only these sets need it: other sets have their classes counted in no time.
    from tflite_export.common import quiet_tensorflow  # noqa: F401

    try:
        import tensorflow_datasets as tfds
    except ImportError as error:
        raise UserError(
            "tensorflow-datasets is not installed: pip install tensorflow-datasets"
        ) from error
    return tfds


def _root(data_dir: str | None) -> Path:
    default = os.environ.get("TFDS_DATA_DIR", "~/tensorflow_datasets")
    return user_path(data_dir or default)


def _version(folder: Path) -> tuple[int, ...]:
    return tuple(int(part) if part.isdigit() else -1 for part in folder.name.split("."))
