"""Images that a program has as numpy arrays already."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tofa_tf.common.errors import UserError, first_line
from tofa_tf.data.channels import GREY, RGB, with_channels
from tofa_tf.data.records import ImageSet, Source, as_texts, without_classes
from tofa_tf.data.resize import resize

_MIN_CLASSES = 2


@dataclass(frozen=True, eq=False)
class Images:
    """A data set of arrays, in place of a folder or the name of a set.

    Images are resized when they are loaded, by the one rule that holds for files too.

    Attributes:
        x: labelled images, (n, height, width, 3) or grey as (n, height, width, 1) or
            (n, height, width): uint8, or whole numbers from 0 to 255 of another type.
        y: their classes: (n,) whole numbers from 0, or names.
        unlabelled: images without a class, as `x`, or None.
        test: images and classes (x, y) to test with, or None to hold some of the labelled ones out.
        class_names: name of class i at position i; by default the names in `y`, sorted, or the
            numbers.
        groups: (n,) texts or numbers, what each image of `x` shows; images of one group, such as a
            burst or a person, are on one side of every split. Or None.
        flip: whether mirrored images keep their class.

    Raises:
        UserError: if an argument is of another form; says which, and what to do.
    """

    x: np.ndarray
    y: np.ndarray
    unlabelled: np.ndarray | None = None
    test: tuple[np.ndarray, np.ndarray] | None = None
    class_names: Sequence[str] | None = None
    groups: Sequence[Any] | None = None
    flip: bool = True

    def __post_init__(self):
        def keep(name: str, value: Any) -> None:
            object.__setattr__(self, name, value)

        keep("x", _pixels("x", self.x))
        keep("class_names", _class_names(self.class_names, self.y))
        keep("y", _labels("y", self.y, len(self.x), self.class_names))
        if self.unlabelled is not None:
            keep("unlabelled", _pixels("unlabelled", self.unlabelled))
        if self.test is not None:
            try:
                x, y = self.test
            except (TypeError, ValueError) as error:
                raise UserError("test is not a pair (x, y) of images and their classes") from error
            x = _pixels("test[0]", x)
            keep("test", (x, _labels("test[1]", y, len(x), self.class_names)))
        if self.groups is not None:
            groups = np.asarray(self.groups)
            if groups.shape != (len(self.x),):
                raise UserError(
                    f"groups is of shape {groups.shape}: one for each of the {len(self.x)} images "
                    "of x is needed"
                )
            keep("groups", as_texts([str(name) for name in groups.tolist()]))

    def __str__(self) -> str:
        """What the data set is called in records and messages."""
        return "arrays"

    def load(self, image_size: int, channels: int) -> Source:
        """Returns the images resized.

        Args:
            image_size: side of the images in pixels.
            channels: 1 or 3.
        """
        images, ids = _load(self.x, image_size, channels)
        train = ImageSet(images, self.y, ids, self.groups)
        test = unlabelled = None
        if self.test is not None:
            images, ids = _load(self.test[0], image_size, channels)
            test = ImageSet(images, self.test[1], ids)
        if self.unlabelled is not None:
            unlabelled = without_classes(*_load(self.unlabelled, image_size, channels))
        return Source(tuple(self.class_names), train, test, unlabelled, flip=self.flip)


def _load(pixels: np.ndarray, image_size: int, channels: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns images resized, and their ids: what an image is called depends on it alone."""
    images = np.empty((len(pixels), image_size, image_size, channels), np.uint8)
    names, seen = [], Counter[str]()
    for target, image in zip(images, pixels, strict=True):
        target[:] = resize(with_channels(image, channels), image_size)
        digest = hashlib.blake2b(np.ascontiguousarray(image), digest_size=8).hexdigest()
        seen[digest] += 1
        names.append(digest if seen[digest] == 1 else f"{digest}#{seen[digest]}")
    return images, as_texts(names)


def _pixels(name: str, values: Any) -> np.ndarray:
    """Returns images as uint8 (n, height, width, channels)."""
    images = _array(name, values, "bring the images to one size, or save them as files in a folder")
    grey = images[..., np.newaxis] if images.ndim == 3 else images
    if grey.ndim != 4 or grey.shape[-1] not in (GREY, RGB) or not grey.size:
        raise UserError(
            f"{name} is of shape {images.shape}: needed is (n, height, width, 3) for RGB images, "
            "or (n, height, width) for grey ones"
        )
    if grey.dtype == np.uint8:
        return grey
    if grey.dtype.kind not in "iuf":
        raise UserError(f"{name} is {grey.dtype}: give pixels as uint8, from 0 to 255")
    low, high = grey.min(), grey.max()
    # Floats up to 1.0 are shares of the full brightness, even where only 0.0 and 1.0 occur.
    fractions = grey.dtype.kind == "f" and bool(high <= 1 or (grey % 1).any())
    if fractions or not (low >= 0 and high <= 255):  # what is not a number fails this
        raise UserError(
            f"{name} is {grey.dtype} from {low:g} to {high:g}: give pixels as uint8, from 0 to "
            f"255; where 0 to 1 is meant, (255 * {name}).round().astype('uint8'); the package "
            "normalises them itself"
        )
    return grey.astype(np.uint8)


def _class_names(names: Sequence[str] | None, labels: Any) -> tuple[str, ...]:
    """Returns the names given, or those in the labels, or their numbers."""
    if names is None:
        known = _array("y", labels, "give one class for each image")
        if known.dtype.kind in "iu" and known.size:
            names = range(int(known.max()) + 1)
        else:
            names = sorted(set(map(str, known.ravel()))) if known.dtype.kind in "UTO" else ()
    names = tuple(str(name) for name in names)
    if len(names) < _MIN_CLASSES or len(set(names)) < len(names):
        raise UserError(
            f"the classes are {', '.join(names) or 'none'}: at least {_MIN_CLASSES} different ones "
            "are needed, in y as whole numbers from 0 or as names"
        )
    for name in names:
        if not name.isprintable():
            raise UserError(f"the class name {name!r} cannot be printed in one line")
    return names


def _labels(name: str, values: Any, count: int, class_names: tuple[str, ...]) -> np.ndarray:
    """Returns classes as int32 (n,)."""
    labels = _array(name, values, "give one class for each image")
    if labels.shape != (count,):
        hint = "; argmax(axis=1) makes numbers of one-hot rows" if labels.ndim == 2 else ""
        raise UserError(
            f"{name} is of shape {labels.shape}: one class for each of the {count} images is "
            f"needed{hint}"
        )
    if labels.dtype.kind in "UTO":
        numbers = {known: number for number, known in enumerate(class_names)}
        unknown = sorted({str(label) for label in labels.tolist()} - set(class_names))
        if unknown:
            raise UserError(
                f"{name} has the class {unknown[0]!r}; the classes are {', '.join(class_names)}"
            )
        return np.array([numbers[str(label)] for label in labels.tolist()], np.int32)
    if labels.dtype.kind not in "iu":
        raise UserError(f"{name} is {labels.dtype}: whole numbers from 0, or names, are needed")
    if labels.min() < 0 or labels.max() >= len(class_names):
        raise UserError(
            f"{name} has classes from {labels.min()} to {labels.max()}: the {len(class_names)} "
            f"classes are numbered from 0 to {len(class_names) - 1}; images without a class are "
            "given as unlabelled"
        )
    return labels.astype(np.int32)


def _array(name: str, values: Any, advice: str) -> np.ndarray:
    try:
        return np.asarray(values)
    except ValueError as error:
        raise UserError(f"{name} is not one array ({first_line(error)}): {advice}") from error
