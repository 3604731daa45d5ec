"""Whether a data set is grey, judged by a few of its images before all of them are read."""

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from tflite_export.common.image_files import decode_image
from tofa_tf.data import folder, tfds_source
from tofa_tf.data.channels import GREY, RGB, are_grey
from tofa_tf.data.scan import image_files
from tofa_tf.data.sources import EMBEDDED, looks_like_path

_LOOKED_AT = 16
# Of images that are not read from files as they are.
_SIZE = 32


@dataclasses.dataclass(frozen=True)
class Glimpse:
    """What a few images say.

    Attributes:
        channels: 1 where all of them are grey, else 3, as `load_dataset` decides by all images.
        images: how many were looked at, until one had colours.
    """

    channels: int
    images: int


def glimpse(
    source: str,
    *,
    data_dir: str | None = None,
    unlabelled: str | None = None,
    test: str | None = None,
) -> Glimpse:
    """Looks at some images of every part of a data set, spread over its classes.

    Args:
        source: as `load_dataset` takes it, by name; one that `class_names` finds.
        data_dir: see `load_dataset`.
        unlabelled: see `load_dataset`.
        test: see `load_dataset`.
    """
    looked_at = 0
    for image in _images(source, data_dir, unlabelled, test):
        looked_at += 1
        if not are_grey(image[np.newaxis]):
            return Glimpse(RGB, looked_at)
    return Glimpse(GREY if looked_at else RGB, looked_at)


def _images(
    source: str, data_dir: str | None, unlabelled: str | None, test: str | None
) -> Iterator[np.ndarray]:
    if source in EMBEDDED:
        yield from EMBEDDED[source]((_SIZE,), RGB).train.images[:_LOOKED_AT]
    elif looks_like_path(source):
        folders = folder.image_folders(source, test=test, unlabelled=unlabelled)
        yield from _of_folders(folders)
        return
    else:
        yield from tfds_source.some_images(source, _LOOKED_AT, _SIZE, data_dir)
    yield from _of_folders(folder.further_folders(test=test, unlabelled=unlabelled))


def _of_folders(folders: Sequence[Path]) -> Iterator[np.ndarray]:
    chosen = _spread(folders, _LOOKED_AT)
    for place in chosen:
        for file in _spread(image_files(place), _LOOKED_AT // len(chosen)):
            # Damaged files make decoders raise errors of any type; training says which they are.
            try:
                image = decode_image(place / file)
            except Exception:
                continue
            yield image


def _spread(items: Sequence, count: int) -> list:
    """At most so many of them, evenly spaced."""
    positions = np.linspace(0, len(items) - 1, min(count, len(items))).astype(int)
    return [items[position] for position in positions]
