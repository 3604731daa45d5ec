"""Finds a data set by its name: embedded, a folder of images, or one of tensorflow-datasets."""

import dataclasses
import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from absl import logging

from tofa_tf.common.errors import UserError
from tofa_tf.common.paths import user_path
from tofa_tf.data import digits, folder, tfds_source
from tofa_tf.data.arrays import Images
from tofa_tf.data.channels import GREY, RGB, check_channels
from tofa_tf.data.groups import group_expression, grouped
from tofa_tf.data.reading import Reading
from tofa_tf.data.records import Dataset, Source
from tofa_tf.data.settle import as_grey_if_grey, hold_out_test, with_part_names
from tofa_tf.data.splits import Split

# Data sets that are known by name without any files: function of the image sizes in
# pixels and the channels.
EMBEDDED: dict[str, Callable[[Sequence[int], int], Source]] = {"digits": digits.load}


def load_dataset(
    source: str | Images,
    *,
    image_size: int,
    smaller: Sequence[int] = (),
    channels: int | None = None,
    data_dir: str | None = None,
    unlabelled: str | None = None,
    test: str | None = None,
    test_fraction: float = 0.2,
    group: str | None = None,
    seed: int = 0,
    earlier: Split | None = None,
    reading: Reading | None = None,
) -> Dataset:
    """Loads a data set, every image decoded once and resized by `resize.resize`.

    Args:
        source: "digits"; or a folder with one sub-folder of images a class; or the name of a
            tensorflow-datasets set prepared in `data_dir`; or arrays.
        image_size: side of the images in pixels.
        smaller: further sides, each smaller, at which every image is kept too.
        channels: 1 for grey images, 3 for RGB, whatever the files are; None for 1 where all of them
            are grey, that is where the channels of every image are equal.
        data_dir: where tensorflow-datasets finds prepared data, by default its own folder.
        unlabelled: folder of further images without classes, at any depth, instead of the set's own
            unlabelled part.
        test: folder of test images with one sub-folder a class, instead of the set's own test part.
        test_fraction: share of each class held out when the set has no test part of its own.
        group: regular expression that finds in an image's path what it shows, see
            `group_expression`; images of one group are on one side of every split.
        seed: of that hold-out.
        earlier: split of a run before: what it has tested on is held out again, and what it has
            trained on or validated with is not.
        reading: where the images of files are kept; by default in memory.

    Returns:
        The data set, its images uint8 (n, image_size, image_size, channels).

    Raises:
        UserError: no such data set, or its files cannot be used; the message says what to do.
    """
    if image_size < 1:
        raise UserError(f"image_size is {image_size}: it must be a positive number of pixels")
    check_channels(channels)
    expression = _group_expression(source, group) if group else None
    folders = _Folders(test, unlabelled, reading or Reading())
    read = channels or RGB
    sizes = (image_size, *smaller)
    loaded = folders.put_into(_load(source, sizes, read, data_dir, folders), sizes, read)
    if expression:
        loaded = grouped(loaded, expression)
    loaded = with_part_names(loaded)
    if channels is None:
        loaded = as_grey_if_grey(loaded)
    train, held_out = loaded.train, loaded.test
    if held_out is None:
        train, held_out = hold_out_test(train, test_fraction, loaded.class_names, seed, earlier)
    dataset = Dataset(
        str(source),
        loaded.class_names,
        train,
        held_out,
        loaded.unlabelled,
        loaded.skipped,
        loaded.flip,
    )
    _log(dataset)
    return dataset


def _group_expression(source: str | Images, group: str) -> re.Pattern[str]:
    if isinstance(source, Images) or not looks_like_path(source):
        raise UserError(
            f"group={group!r} is looked for in the paths of image files, and '{source}' has none: "
            "leave group out; arrays have groups of their own"
        )
    return group_expression(group)


def class_names(
    source: str,
    *,
    data_dir: str | None = None,
    unlabelled: str | None = None,
    test: str | None = None,
) -> tuple[str, ...]:
    """Returns the names of a data set's classes, where possible without reading its images.

    Args:
        source: as `load_dataset` takes it, by name.
        data_dir: see `load_dataset`.
        unlabelled: see `load_dataset`.
        test: see `load_dataset`.

    Raises:
        UserError: no such data set, or it has no classes.
    """
    if source in EMBEDDED:
        return EMBEDDED[source]((1,), GREY).class_names
    if looks_like_path(source):
        return folder.class_names(source, test=test, unlabelled=unlabelled)
    if source in tfds_source.prepared(data_dir):
        return tfds_source.class_names(source, data_dir)
    raise _unknown(source, data_dir)


@dataclasses.dataclass(frozen=True)
class _Folders:
    """Folders that take the place of a set's own parts, or None; and how all are read."""

    test: str | None
    unlabelled: str | None
    reading: Reading

    def put_into(self, source: Source, sizes: Sequence[int], channels: int) -> Source:
        """Returns the set with the images of these folders."""
        if self.test is not None and self.unlabelled is not None:
            folder.check_apart("unlabelled", Path(self.unlabelled), "test", Path(self.test))
        skipped = list(source.skipped)
        if self.unlabelled is not None:
            images, unreadable = folder.load_unlabelled(
                self.unlabelled, sizes, channels, self.reading
            )
            source = dataclasses.replace(source, unlabelled=images)
            skipped += unreadable
        if self.test is not None:
            images, unreadable = folder.load_test(
                self.test, sizes, channels, source.class_names, self.reading
            )
            source = dataclasses.replace(source, test=images)
            skipped += unreadable
        return dataclasses.replace(source, skipped=tuple(skipped))


def _load(
    source: str | Images,
    sizes: Sequence[int],
    channels: int,
    data_dir: str | None,
    folders: _Folders,
) -> Source:
    if isinstance(source, Images):
        return source.load(sizes, channels)
    if source in EMBEDDED:
        return EMBEDDED[source](sizes, channels)
    if looks_like_path(source):
        return folder.load(
            source,
            sizes,
            channels,
            test=folders.test,
            unlabelled=folders.unlabelled,
            reading=folders.reading,
        )
    if source in tfds_source.prepared(data_dir):
        return tfds_source.load(source, sizes, channels, data_dir, folders.reading)
    raise _unknown(source, data_dir)


def _unknown(source: str, data_dir: str | None) -> UserError:
    return UserError(
        f"unknown data set '{source}'; available: {', '.join(EMBEDDED)}; "
        f"{tfds_source.describe_prepared(data_dir)}; "
        "or the path of a folder with one sub-folder of images a class"
    )


def looks_like_path(name: str) -> bool:
    """Tells a folder from the name of a data set."""
    return name.startswith((".", "~", os.sep)) or user_path(name).is_dir()


def _log(dataset: Dataset) -> None:
    logging.info(
        "data set %s: %d classes, %d training, %d test, %d further unlabelled images; %d skipped",
        dataset.name,
        len(dataset.class_names),
        len(dataset.train),
        len(dataset.test),
        len(dataset.unlabelled or ()),
        len(dataset.skipped),
    )
