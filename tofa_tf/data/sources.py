"""Finds a data set by its name: embedded, a folder of images, or one of tensorflow-datasets."""

import os
from collections.abc import Callable
from pathlib import Path

from absl import logging

from tofa_tf.common.errors import UserError
from tofa_tf.data import digits, folder, splits, tfds_source
from tofa_tf.data.records import Dataset, Source

# Data sets that are known by name without any files: function of the image size in pixels.
EMBEDDED: dict[str, Callable[[int], Source]] = {"digits": digits.load}


def load_dataset(
    name: str,
    *,
    image_size: int,
    data_dir: str | None = None,
    unlabelled: str | None = None,
    test: str | None = None,
    test_fraction: float = 0.2,
    seed: int = 0,
) -> Dataset:
    """Loads a data set into memory, every image decoded once and resized by `resize.resize`.

    Args:
        name: "digits"; or a folder with one sub-folder of images a class; or the name of a
            tensorflow-datasets set prepared in `data_dir`.
        image_size: side of the images in pixels.
        data_dir: where tensorflow-datasets finds prepared data, by default its own folder.
        unlabelled: folder of further images without classes, at any depth.
        test: folder of test images with one sub-folder a class, instead of the set's own test part.
        test_fraction: share of each class held out when the set has no test part of its own.
        seed: of that hold-out.

    Returns:
        The data set, its images uint8 (n, image_size, image_size, 3).

    Raises:
        UserError: no such data set, or its files cannot be used; the message says what to do.
    """
    if image_size < 1:
        raise UserError(f"image_size is {image_size}: it must be a positive number of pixels")
    source = _load_source(name, image_size, data_dir)
    skipped = list(source.skipped)
    extra = source.unlabelled
    if unlabelled is not None:
        extra, unreadable = folder.load_unlabelled(unlabelled, image_size)
        skipped += unreadable
    train, held_out = source.train, source.test
    if test is not None:
        held_out, unreadable = folder.load_test(test, image_size, source.class_names)
        skipped += unreadable
    if held_out is None:
        kept, held = splits.hold_out(train.labels, test_fraction, source.class_names, seed)
        train, held_out = train.take(kept), train.take(held)
    dataset = Dataset(name, source.class_names, train, held_out, extra, tuple(skipped), source.flip)
    _log(dataset)
    return dataset


def _load_source(name: str, image_size: int, data_dir: str | None) -> Source:
    if name in EMBEDDED:
        return EMBEDDED[name](image_size)
    if _looks_like_path(name):
        return folder.load(name, image_size)
    if name in tfds_source.prepared(data_dir):
        return tfds_source.load(name, image_size, data_dir)
    raise UserError(
        f"unknown data set '{name}'; available: {', '.join(EMBEDDED)}; "
        f"{tfds_source.describe_prepared(data_dir)}; "
        "or the path of a folder with one sub-folder of images a class"
    )


def _looks_like_path(name: str) -> bool:
    return name.startswith((".", "~", os.sep)) or Path(name).is_dir()


def _log(dataset: Dataset) -> None:
    logging.info(
        "data set %s: %d classes, %d training, %d test, %d further unlabelled images; %d skipped",
        dataset.name,
        len(dataset.class_names),
        len(dataset.train),
        len(dataset.test),
        0 if dataset.unlabelled is None else len(dataset.unlabelled),
        len(dataset.skipped),
    )
