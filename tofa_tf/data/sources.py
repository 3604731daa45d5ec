"""Finds a data set by its name: embedded, a folder of images, or one of tensorflow-datasets."""

import dataclasses
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
from absl import logging

from tofa_tf.common.errors import UserError
from tofa_tf.data import digits, folder, tfds_source
from tofa_tf.data.arrays import Images
from tofa_tf.data.channels import GREY, RGB, are_grey, check_channels
from tofa_tf.data.groups import with_groups
from tofa_tf.data.hold_out import CannotHoldOutError, hold_out
from tofa_tf.data.records import Dataset, Source
from tofa_tf.data.splits import Split

# Data sets that are known by name without any files: function of the image size in
# pixels and the channels.
EMBEDDED: dict[str, Callable[[int, int], Source]] = {"digits": digits.load}


def load_dataset(
    source: str | Images,
    *,
    image_size: int,
    channels: int | None = None,
    data_dir: str | None = None,
    unlabelled: str | None = None,
    test: str | None = None,
    test_fraction: float = 0.2,
    group: str | None = None,
    seed: int = 0,
    earlier: Split | None = None,
) -> Dataset:
    """Loads a data set into memory, every image decoded once and resized by `resize.resize`.

    Args:
        source: "digits"; or a folder with one sub-folder of images a class; or the name of a
            tensorflow-datasets set prepared in `data_dir`; or arrays.
        image_size: side of the images in pixels.
        channels: 1 for grey images, 3 for RGB, whatever the files are; None for 1 where all of them
            are grey, that is where the channels of every image are equal.
        data_dir: where tensorflow-datasets finds prepared data, by default its own folder.
        unlabelled: folder of further images without classes, at any depth, instead of the set's own
            unlabelled part.
        test: folder of test images with one sub-folder a class, instead of the set's own test part.
        test_fraction: share of each class held out when the set has no test part of its own.
        group: regular expression that finds in an image's path what it shows, see `read_groups`;
            images of one group are on one side of every split.
        seed: of that hold-out.
        earlier: split of a run before: what it has tested on is held out again, and what it has
            trained on or validated with is not.

    Returns:
        The data set, its images uint8 (n, image_size, image_size, channels).

    Raises:
        UserError: no such data set, or its files cannot be used; the message says what to do.
    """
    if image_size < 1:
        raise UserError(f"image_size is {image_size}: it must be a positive number of pixels")
    check_channels(channels)
    folders = _Folders(test, unlabelled)
    read = channels or RGB
    loaded = folders.put_into(_load(source, image_size, read, data_dir, folders), image_size, read)
    if group:
        loaded = _grouped(loaded, source, group)
    loaded = _with_part_names(loaded)
    if channels is None:
        loaded = _as_grey_if_grey(loaded)
    if loaded.test is None:
        loaded = _with_held_out(loaded, test_fraction, seed, earlier)
    dataset = Dataset(
        str(source),
        loaded.class_names,
        loaded.train,
        loaded.test,
        loaded.unlabelled,
        loaded.skipped,
        loaded.flip,
    )
    _log(dataset)
    return dataset


@dataclasses.dataclass(frozen=True)
class _Folders:
    """Folders that take the place of a set's own parts, or None."""

    test: str | None
    unlabelled: str | None

    def put_into(self, source: Source, image_size: int, channels: int) -> Source:
        """Returns the set with the images of these folders."""
        if self.test is not None and self.unlabelled is not None:
            folder.check_apart("unlabelled", Path(self.unlabelled), "test", Path(self.test))
        skipped = list(source.skipped)
        if self.unlabelled is not None:
            images, unreadable = folder.load_unlabelled(self.unlabelled, image_size, channels)
            source = dataclasses.replace(source, unlabelled=images)
            skipped += unreadable
        if self.test is not None:
            images, unreadable = folder.load_test(
                self.test, image_size, channels, source.class_names
            )
            source = dataclasses.replace(source, test=images)
            skipped += unreadable
        return dataclasses.replace(source, skipped=tuple(skipped))


def _load(
    source: str | Images, image_size: int, channels: int, data_dir: str | None, folders: _Folders
) -> Source:
    if isinstance(source, Images):
        return source.load(image_size, channels)
    if source in EMBEDDED:
        return EMBEDDED[source](image_size, channels)
    if _looks_like_path(source):
        return folder.load(
            source, image_size, channels, test=folders.test, unlabelled=folders.unlabelled
        )
    if source in tfds_source.prepared(data_dir):
        return tfds_source.load(source, image_size, channels, data_dir)
    raise UserError(
        f"unknown data set '{source}'; available: {', '.join(EMBEDDED)}; "
        f"{tfds_source.describe_prepared(data_dir)}; "
        "or the path of a folder with one sub-folder of images a class"
    )


def _looks_like_path(name: str) -> bool:
    return name.startswith((".", "~", os.sep)) or Path(name).is_dir()


def _grouped(source: Source, name: str | Images, group: str) -> Source:
    """Reads the groups of all images from their paths."""
    if isinstance(name, Images) or not _looks_like_path(name):
        raise UserError(
            f"group={group!r} is looked for in the paths of image files, and '{name}' has none: "
            "leave group out; arrays have groups of their own"
        )
    train = with_groups(source.train, group, complete=True)
    test = source.test and with_groups(source.test, group, complete=True)
    unlabelled = source.unlabelled and with_groups(source.unlabelled, group, complete=False)
    if test and (shared := train.groups[train.shows_the_same(test)].tolist()):
        raise UserError(
            f"group={group!r} finds {len(set(shared))} groups in the test folder that training "
            f"images are of, too, e.g. {shared[0]!r}: take them out of one of the two folders, or "
            "mend the expression"
        )
    return dataclasses.replace(source, train=train, test=test, unlabelled=unlabelled)


def _with_part_names(source: Source) -> Source:
    """Tells apart images of equal path in different folders."""
    test = source.test and source.test.renamed("test:")
    unlabelled = source.unlabelled and source.unlabelled.renamed("unlabelled:")
    return dataclasses.replace(source, test=test, unlabelled=unlabelled)


def _as_grey_if_grey(source: Source) -> Source:
    """Leaves out two of three equal channels, if they are equal in every image there is."""
    parts = {"train": source.train, "test": source.test, "unlabelled": source.unlabelled}
    parts = {name: part for name, part in parts.items() if part is not None}
    if not all(are_grey(part.images) for part in parts.values()):
        return source
    logging.info("all images are grey: one channel")
    grey = {
        name: dataclasses.replace(part, images=np.ascontiguousarray(part.images[..., :GREY]))
        for name, part in parts.items()
    }
    return dataclasses.replace(source, **grey)


def _with_held_out(source: Source, fraction: float, seed: int, earlier: Split | None) -> Source:
    """Divides the labelled images into a training and a test part, by class and group."""
    if not 0 < fraction < 1:
        raise UserError(f"test_fraction is {fraction}: it must lie between 0 and 1, e.g. 0.2")
    images = source.train
    before = [images.among(earlier.side(test=test) if earlier else ()) for test in (True, False)]
    try:
        held = hold_out(
            images.labels,
            fraction,
            len(source.class_names),
            seed,
            groups=images.groups,
            held_before=before[0],
            kept_before=before[1],
        )
    except CannotHoldOutError as error:
        raise UserError(
            f"class '{source.class_names[error.label]}' has too few images to hold some out for "
            f"the test ({error}): add images or name a test folder"
        ) from error
    return dataclasses.replace(source, train=images.take(~held), test=images.take(held))


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
