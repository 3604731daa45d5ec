"""Data sets that tensorflow-datasets has prepared on this machine; nothing is downloaded."""

import os
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

import numpy as np

from tofa_tf.data.records import ImageSet, Source
from tofa_tf.data.resize import resize
from tofa_tf.errors import UserError

_TEST_SPLITS = ("test", "validation")
_UNLABELED_SPLITS = ("unlabelled", "unlabeled")


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


def load(name: str, image_size: int, data_dir: str | None) -> Source:
    """Loads a prepared data set: its training part and, where there are any, test and unlabelled ones.

    Args:
        name: a key of `prepared`.
        image_size: side of the images in pixels.
        data_dir: as in `prepared`.

    Raises:
        UserError: the set is not for image classification, cannot be read, or
            tensorflow-datasets is not installed.
    """
    tfds = _library()
    folder = prepared(data_dir)[name]
    try:
        builder = tfds.builder_from_directory(folder)
    except Exception as error:  # a damaged folder makes the library raise errors of any type
        raise UserError(f"cannot read the data set {name} in {folder}: {error}") from error
    image, label = _feature_names(tfds, builder.info, name)
    if "train" not in builder.info.splits:
        raise UserError(f"the data set {name} has no split 'train' but {_listed(builder)}")

    def read(split: str) -> ImageSet:
        examples = tfds.as_numpy(
            builder.as_dataset(split, read_config=_read_in_order(tfds), shuffle_files=False)
        )
        return _decode(examples, builder.info.splits[split].num_examples, image_size, image, label)

    test = next((part for part in _TEST_SPLITS if part in builder.info.splits), None)
    unlabeled = next((part for part in _UNLABELED_SPLITS if part in builder.info.splits), None)
    return Source(
        class_names=tuple(builder.info.features[label].names),
        train=read("train"),
        test=read(test) if test else None,
        unlabeled=read(unlabeled).images if unlabeled else None,
    )
