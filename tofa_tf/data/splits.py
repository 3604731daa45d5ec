"""Which images are labelled and which are held out: seeded, balanced, written to disk."""

import dataclasses
import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tofa_tf.common import files
from tofa_tf.common.errors import UserError
from tofa_tf.data.labels import (
    LabelsPerClass,
    draw_labels,
    parse_labels_per_class,
    shuffled_classes,
)
from tofa_tf.data.records import ImageSet


@dataclasses.dataclass(frozen=True)
class Split:
    """The labelled images of one experiment.

    Attributes:
        labels_per_class: see `labels.parse_labels_per_class`.
        seed: what they were drawn with.
        indices: positions of the labelled images in the training images, ascending.
        fingerprint: of the training images, see `fingerprint`.
    """

    labels_per_class: LabelsPerClass
    seed: int
    indices: tuple[int, ...]
    fingerprint: str


def draw_split(
    images: ImageSet, labels_per_class: str | int | float, class_names: Sequence[str], seed: int
) -> Split:
    """Draws labelled images by `draw_labels` and notes what they were drawn from."""
    indices = draw_labels(images.labels, labels_per_class, class_names, seed)
    mark = fingerprint(images, class_names)
    return Split(parse_labels_per_class(labels_per_class), seed, tuple(indices.tolist()), mark)


def hold_out(
    labels: np.ndarray, fraction: float, class_names: Sequence[str], seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Divides images into a training and a test part, in the same proportion for each class.

    Args:
        labels: integer array (n,), index of the class.
        fraction: share of each class that goes to the test part, between 0 and 1; at least one
            image of a class goes to either part.
        class_names: name of class i at position i.
        seed: of the draw.

    Returns:
        Two ascending int64 arrays: positions of the training and of the test images.

    Raises:
        UserError: the fraction is not between 0 and 1, or a class has fewer than two images.
    """
    if not 0 < fraction < 1:
        raise UserError(f"test_fraction is {fraction}: it must lie between 0 and 1, e.g. 0.2")
    train, test = [], []
    for index, members in enumerate(shuffled_classes(labels, len(class_names), seed)):
        if len(members) < 2:
            raise UserError(
                f"class '{class_names[index]}' has too few images to hold some out for the test "
                f"({len(members)}, needed are 2): add images or name a test folder"
            )
        count = min(max(round(fraction * len(members)), 1), len(members) - 1)
        test.append(members[:count])
        train.append(members[count:])
    return np.sort(np.concatenate(train)), np.sort(np.concatenate(test))


def fingerprint(images: ImageSet, class_names: Sequence[str]) -> str:
    """Returns a SHA-256 over class names, labels and pixels: any change gives another one."""
    digest = hashlib.sha256(json.dumps(list(class_names)).encode())
    digest.update(np.ascontiguousarray(images.labels, np.int32))
    digest.update(json.dumps(images.images.shape).encode())
    digest.update(np.ascontiguousarray(images.images))
    return digest.hexdigest()


def save_split(path: str | os.PathLike, split: Split, *, overwrite: bool = False) -> None:
    """Writes a split as JSON, completely or not at all.

    Raises:
        UserError: the file exists and may not be overwritten, or its folder cannot be written.
    """
    if Path(path).exists() and not overwrite:
        raise UserError(f"{path} exists: name another file or allow overwriting")
    files.write_json(path, dataclasses.asdict(split))


def load_split(path: str | os.PathLike, images: ImageSet, class_names: Sequence[str]) -> Split:
    """Reads a split and makes sure that it belongs to these training images.

    Raises:
        UserError: the file is missing, is not a split, or was drawn from other images.
    """
    stored = files.read_json(path)
    try:
        split = Split(**stored)
        split = dataclasses.replace(split, indices=tuple(int(index) for index in split.indices))
    except (TypeError, ValueError) as error:
        raise UserError(f"{path} is not a label split: delete it to draw a new one") from error
    if split.fingerprint != fingerprint(images, class_names):
        raise UserError(
            f"the label split {path} was drawn from other training images (another data set, "
            "image size or test split, or changed files): delete it to draw a new one"
        )
    return split
