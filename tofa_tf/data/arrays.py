"""Images that a program has as numpy arrays already."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from tofa_tf.common.errors import UserError, first_line
from tofa_tf.data.channels import GREY, RGB
from tofa_tf.data.records import ImageSet, Source, as_texts, without_classes
from tofa_tf.data.resize import at_sizes

# What a data set of arrays is called in records and messages.
ARRAYS = "arrays"

_MIN_CLASSES = 2
# Kinds of dtype that hold text.
_NAMES = "UTO"


class Images:
    """A data set of arrays, in place of a folder or the name of a set.

    Images are resized when they are loaded, by the one rule that holds for files too.

    Args:
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

    def __init__(
        self,
        x: ArrayLike,
        y: ArrayLike,
        unlabelled: ArrayLike | None = None,
        test: tuple[ArrayLike, ArrayLike] | None = None,
        class_names: Sequence[str] | None = None,
        groups: ArrayLike | None = None,
        flip: bool = True,
    ) -> None:
        self.x = _pixels("x", x)
        self.class_names = _class_names(class_names, y)
        self.y = _labels("y", y, len(self.x), self.class_names)
        self.unlabelled = None if unlabelled is None else _pixels("unlabelled", unlabelled)
        self.test = None if test is None else _test(test, self.class_names)
        self.groups = None if groups is None else _groups(groups, len(self.x))
        self.flip = flip

    def __str__(self) -> str:
        """See `ARRAYS`."""
        return ARRAYS

    def load(self, sizes: Sequence[int], channels: int) -> Source:
        """Returns the images resized.

        Args:
            sizes: sides of the images in pixels, the largest first.
            channels: 1 or 3.
        """
        (images, *smaller), ids = _load(self.x, sizes, channels)
        train = ImageSet(images, self.y, ids, self.groups, tuple(smaller))
        test = unlabelled = None
        if self.test is not None:
            (images, *smaller), ids = _load(self.test[0], sizes, channels)
            test = ImageSet(images, self.test[1], ids, smaller=tuple(smaller))
        if self.unlabelled is not None:
            (images, *smaller), ids = _load(self.unlabelled, sizes, channels)
            unlabelled = without_classes(images, ids, smaller)
        return Source(self.class_names, train, test, unlabelled, flip=self.flip)


def _load(
    pixels: np.ndarray, sizes: Sequence[int], channels: int
) -> tuple[list[np.ndarray], np.ndarray]:
    """Returns images resized, and their ids: what an image is called depends on it alone."""
    images = at_sizes(pixels, sizes, channels)
    names, seen = [], Counter[str]()
    for image in pixels:
        digest = hashlib.blake2b(image.tobytes(), digest_size=8).hexdigest()
        seen[digest] += 1
        names.append(digest if seen[digest] == 1 else f"{digest}#{seen[digest]}")
    return images, as_texts(names)


def _test(pair: Any, class_names: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
    try:
        x, y = pair
    except (TypeError, ValueError) as error:
        raise UserError("test is not a pair (x, y) of images and their classes") from error
    images = _pixels("test[0]", x)
    return images, _labels("test[1]", y, len(images), class_names)


def _groups(values: ArrayLike, count: int) -> np.ndarray:
    groups = np.asarray(values)
    if groups.shape != (count,):
        raise UserError(
            f"groups is of shape {groups.shape}: one for each of the {count} images of x is needed"
        )
    return as_texts([str(name) for name in groups.tolist()])


def _pixels(name: str, values: ArrayLike) -> np.ndarray:
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


def _class_names(given: Sequence[str] | None, labels: ArrayLike) -> tuple[str, ...]:
    """Returns the names given, or those in the labels, or their numbers."""
    names = tuple(map(str, _found(labels) if given is None else given))
    if len(names) < _MIN_CLASSES or len(set(names)) < len(names):
        raise UserError(
            f"the classes are {', '.join(names) or 'none'}: at least {_MIN_CLASSES} different ones "
            "are needed, in y as whole numbers from 0 or as names"
        )
    for name in names:
        if not name.isprintable():
            raise UserError(f"the class name {name!r} cannot be printed in one line")
    return names


def _found(labels: ArrayLike) -> Iterable[Any]:
    known = _array("y", labels, "give one class for each image")
    if known.dtype.kind in "iu" and known.size:
        return range(int(known.max()) + 1)
    return sorted(set(map(str, known.ravel()))) if known.dtype.kind in _NAMES else ()


def _labels(name: str, values: ArrayLike, count: int, class_names: tuple[str, ...]) -> np.ndarray:
    """Returns classes as int32 (n,)."""
    labels = _array(name, values, "give one class for each image")
    if labels.shape != (count,):
        hint = "; argmax(axis=1) makes numbers of one-hot rows" if labels.ndim == 2 else ""
        raise UserError(
            f"{name} is of shape {labels.shape}: one class for each of the {count} images is "
            f"needed{hint}"
        )
    if labels.dtype.kind in _NAMES:
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


def _array(name: str, values: ArrayLike, advice: str) -> np.ndarray:
    try:
        return np.asarray(values)
    except ValueError as error:
        raise UserError(f"{name} is not one array ({first_line(error)}): {advice}") from error
