"""Holding images out of training: by class, groups whole, what was decided earlier unchanged."""

from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np

from tofa_tf.data.labels import shuffled_classes


class CannotHoldOutError(Exception):
    """A class from which nothing can be held out.

    Attributes:
        label: index of the class.
        images: how many it has.
        groups: how many groups they form; None where there are no groups.
    """

    def __init__(self, label: int, images: int, groups: int | None):
        self.label, self.images, self.groups = label, images, groups
        super().__init__(str(images) if groups is None else f"{images} of {groups} groups")


def hold_out(
    labels: np.ndarray,
    fraction: float,
    num_classes: int,
    seed: int | Sequence[int],
    *,
    groups: np.ndarray | None = None,
    least_kept: int = 1,
    held_before: np.ndarray | None = None,
    kept_before: np.ndarray | None = None,
) -> np.ndarray:
    """Chooses images to hold out, in the same proportion for each class; groups stay whole.

    Classes are walked through in turn, each in an order of the seed's own. The next image's group
    is held out if that brings the classes it has images of nearer to their share. Without groups,
    every image is one: the share is then met to the image.

    Args:
        labels: integer array (n,), index of the class.
        fraction: share of each class to hold out; at least one image.
        num_classes: how many classes there are.
        seed: of the choice.
        groups: object array (n,), which images belong together; None, also for single images:
            each on its own.
        least_kept: images of each class that must not be held out, if it has so many.
        held_before: bool array (n,), images that are held out whatever else.
        kept_before: bool array (n,), images that are not.

    Returns:
        bool array (n,): which images are held out.

    Raises:
        CannotHoldOutError: a class would have nothing held out, or less than `least_kept` left.
    """
    codes = _codes(labels, groups)
    order = [codes[members] for members in shuffled_classes(labels, num_classes, seed)]
    choice = _Choice(labels, codes, fraction, num_classes, least_kept)
    for code in np.unique(codes[held_before]) if held_before is not None else ():
        choice.hold(code)
    if kept_before is not None:
        choice.decided.update(codes[kept_before].tolist())
    for label, walk in enumerate(order):
        for code in walk.tolist():
            if choice.held[label] >= choice.wanted[label]:
                break
            if choice.allowed(code) and choice.nearer(code):
                choice.hold(code)
    for label, walk in enumerate(order):
        if not choice.held[label]:
            allowed = [code for code in dict.fromkeys(walk.tolist()) if choice.allowed(code)]
            if not allowed:
                count = None if groups is None else len(np.unique(walk))
                raise CannotHoldOutError(label, choice.total[label], count)
            choice.hold(min(allowed, key=choice.size))
    held = np.isin(codes, list(choice.held_codes))
    # An earlier decision stands for its image even where its group has meanwhile grown across it.
    return held if kept_before is None else held & ~kept_before


class _Choice:
    """What is held out so far, counted by class."""

    def __init__(
        self,
        labels: np.ndarray,
        codes: np.ndarray,
        fraction: float,
        num_classes: int,
        least_kept: int,
    ):
        self.total = np.bincount(labels, minlength=num_classes).tolist()
        self.wanted = [share(fraction, total) for total in self.total]
        self.held = [0] * num_classes
        self.held_codes: set[int] = set()
        self.decided: set[int] = set()
        self._least_kept = least_kept
        self._contents: dict[int, Counter[int]] = defaultdict(Counter)
        for code, label in zip(codes.tolist(), labels.tolist(), strict=True):
            self._contents[code][label] += 1

    def size(self, code: int) -> int:
        """How many images a group has."""
        return self._contents[code].total()

    def allowed(self, code: int) -> bool:
        """Whether a group is undecided and every class it is in would keep enough without it."""
        return code not in self.decided and all(
            self.total[label] - self.held[label] - count >= self._least_kept
            for label, count in self._contents[code].items()
        )

    def nearer(self, code: int) -> bool:
        """Whether holding a group out brings its classes nearer to their share, all together."""
        change = sum(
            abs(self.held[label] + count - self.wanted[label])
            - abs(self.held[label] - self.wanted[label])
            for label, count in self._contents[code].items()
        )
        return change < 0

    def hold(self, code: int) -> None:
        """Holds a group out."""
        self.decided.add(code)
        self.held_codes.add(code)
        for label, count in self._contents[code].items():
            self.held[label] += count


def share(fraction: float, images: int) -> int:
    """Returns how many of a class's images a share is: at least one, and not all of several."""
    return min(max(round(fraction * images), 1), max(images - 1, 0))


def _codes(labels: np.ndarray, groups: np.ndarray | None) -> np.ndarray:
    """Numbers the groups: int64 (n,); an image without a group has a number of its own."""
    codes = np.arange(len(labels))
    if groups is not None:
        first: dict[str, int] = {}
        for position, name in enumerate(groups.tolist()):
            if name is not None:
                codes[position] = first.setdefault(name, position)
    return codes
