"""The record of a run's division: which image is in which part, and what it looked like."""

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tflite_export.common.errors import TofaError
from tflite_export.common.json_data import JsonRecord
from tofa_tf.common import files
from tofa_tf.common.errors import UserError
from tofa_tf.common.paths import user_path
from tofa_tf.data.records import ImageSet

SPLIT = "split.json"
PARTS = ("labelled", "unlabelled", "validation", "set_aside", "test")
_FORMAT = 2
_NAMED = 3


@dataclass(frozen=True)
class Split(JsonRecord):
    """Which images a run is trained, validated and tested on.

    Attributes:
        class_names: name of class i at position i.
        parts: for each of `PARTS` the images by their id, each with a digest of its pixels and
            class.
        format: of this record.
    """

    class_names: tuple[str, ...]
    parts: Mapping[str, Mapping[str, str]]
    format: int = _FORMAT

    def __post_init__(self) -> None:
        if self.format != _FORMAT or set(self.parts) != set(PARTS):
            raise TofaError(f"it is not a split of format {_FORMAT}")

    def side(self, *, test: bool) -> set[str]:
        """Returns the ids of the images for the test, or of all that are not."""
        return set().union(*(self.parts[part] for part in PARTS if (part == "test") == test))


def make_split(
    class_names: Sequence[str], parts: Mapping[str, tuple[ImageSet, np.ndarray]]
) -> Split:
    """Records a division.

    Args:
        class_names: name of class i at position i.
        parts: for each of `PARTS` a set and the positions in it, an integer array.
    """
    return Split(
        tuple(class_names),
        {part: _digests(*images, class_names) for part, images in parts.items()},
    )


def difference(old: Split, new: Split) -> str:
    """Says in which images two splits differ, part by part; empty if they do not."""
    found = []
    if old.class_names != new.class_names:
        found.append(
            f"classes: {', '.join(old.class_names)} then, {', '.join(new.class_names)} now"
        )
    for part in PARTS:
        then, now = old.parts[part], new.parts[part]
        changes = (
            ("added", [name for name in now if name not in then]),
            ("gone", [name for name in then if name not in now]),
            ("changed", [name for name in now if then.get(name, now[name]) != now[name]]),
        )
        told = [f"{len(names)} {what} ({_some(names)})" for what, names in changes if names]
        if told:
            found.append(f"{part.replace('_', ' ')}: {', '.join(told)}")
    return "; ".join(found)


def save_split(path: str | os.PathLike, split: Split) -> None:
    """Writes a split as JSON, completely or not at all.

    Raises:
        UserError: the folder cannot be written.
    """
    files.write_json(path, split.to_json())


def load_split(path: str | os.PathLike) -> Split:
    """Reads a split.

    Args:
        path: of the file, or of the folder of the run that wrote it.

    Raises:
        UserError: the file is missing or is not a split.
    """
    path = user_path(path)
    file = path / SPLIT if path.is_dir() else path
    stored = files.read_json(file)
    try:
        return Split.from_json(stored)
    except TofaError as error:
        raise UserError(
            f"{file} does not say which images are in which part ({error}): it is damaged or of "
            "another version; restore it, or begin a new run in another work directory"
        ) from error


def _digests(images: ImageSet, positions: np.ndarray, class_names: Sequence[str]) -> dict[str, str]:
    names = (*class_names, "")  # the last one is that of -1, a class that is not known
    return {
        images.ids[position]: _digest(images.images[position], names[images.labels[position]])
        for position in positions.tolist()
    }


def _digest(image: np.ndarray, class_name: str) -> str:
    digest = hashlib.blake2b(image.tobytes(), digest_size=8)
    digest.update(class_name.encode())
    return digest.hexdigest()


def _some(names: Sequence[str]) -> str:
    return ", ".join([*names[:_NAMED], *(["..."] if len(names) > _NAMED else [])])
