"""How many labels of each class may be used, and which images have them."""

import math
from collections.abc import Sequence

import numpy as np

from tofa_tf.common.errors import UserError

# "all", how many, or a share.
LabelsPerClass = str | int | float

_WANTED = '"all", a whole number from 1, or a share of each class below 1 such as 0.1'


def parse_labels_per_class(value: LabelsPerClass) -> LabelsPerClass:
    """Brings a setting into its one form, in which equal settings are equal values.

    Args:
        value: "all"; how many images of each class are labelled; a share of each class, above 0
            and below 1; or one of these as text.

    Returns:
        "all", an int or a float.

    Raises:
        UserError: it is none of these.
    """
    parsed = _from_text(value.strip()) if isinstance(value, str) else value
    if parsed == "all":
        return "all"
    if isinstance(parsed, int | np.integer) and not isinstance(parsed, bool):
        if parsed < 1:
            raise UserError(
                f"labels_per_class is {parsed}: training needs at least 1 label a class"
            )
        return int(parsed)
    if isinstance(parsed, float | np.floating) and 0 < parsed < 1:
        return float(parsed)
    raise UserError(f"labels_per_class is {value!r}: wanted is {_WANTED}")


def count_labels(labels_per_class: LabelsPerClass, images: int) -> int:
    """Returns how many of a class's images are labelled: of a share at least one.

    Args:
        labels_per_class: as `parse_labels_per_class` returns it.
        images: how many the class has.
    """
    if labels_per_class == "all":
        return images
    if isinstance(labels_per_class, float):
        # Halves go up, also for even numbers, so that more images are never fewer labels.
        return max(1, math.floor(labels_per_class * images + 0.5))
    return int(labels_per_class)


def draw_labels(
    labels: np.ndarray,
    labels_per_class: LabelsPerClass,
    class_names: Sequence[str],
    seed: int,
    rank: np.ndarray | None = None,
) -> np.ndarray:
    """Draws the images whose labels may be used: of each class a number, a share, or all.

    With the same seed a smaller draw is part of a larger one, so experiments with more labels
    differ from those with fewer by the additional labels alone.

    Args:
        labels: integer array (n,), index of the class, negative where unknown.
        labels_per_class: see `parse_labels_per_class`.
        class_names: name of class i at position i.
        seed: of the draw.
        rank: integer array (n,): of a class, images of lower rank are drawn before others.

    Returns:
        int64 array of positions, ascending.

    Raises:
        UserError: `labels_per_class` cannot be understood or exceeds the images of a class.
    """
    wanted = parse_labels_per_class(labels_per_class)
    drawn = []
    for name, members in zip(
        class_names, shuffled_classes(labels, len(class_names), seed), strict=True
    ):
        if not len(members):
            raise UserError(f"class '{name}' has no images")
        count = count_labels(wanted, len(members))
        if count > len(members):
            raise UserError(
                f"class '{name}' has {len(members)} images, {count} labels asked (test images do "
                "not count): lower labels_per_class, add images, or take what there is by "
                'labels_per_class="all" (every image) or a share such as 0.5'
            )
        if rank is not None:
            members = members[np.argsort(rank[members], kind="stable")]
        drawn.append(members[:count])
    return np.sort(np.concatenate(drawn))


def shuffled_classes(
    labels: np.ndarray, classes: int, seed: int | Sequence[int]
) -> list[np.ndarray]:
    """Returns the positions of each class's images in an order of the seed's own.

    Args:
        labels: integer array (n,), index of the class.
        classes: how many there are.
        seed: of the order; every class has a generator of its own.
    """
    generators = np.random.default_rng(seed).spawn(classes)
    return [
        generator.permutation(np.flatnonzero(labels == index))
        for index, generator in enumerate(generators)
    ]


def _from_text(text: str) -> str | int | float:
    for convert in (int, float):
        try:
            return convert(text)
        except ValueError:
            continue
    return text
