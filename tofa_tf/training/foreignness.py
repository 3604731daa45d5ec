"""Which images belong to none of the labelled classes, by their features alone.

Two looks, for what is foreign in two ways. An image may look like nothing that is labelled: it is
far from its nearest labelled image (nearest neighbours as a detector: arXiv 2204.06507). Or it may
look like all of the data, but not more like one of the labelled classes than like the rest, and so
do the images around it (`surroundings.py`).

How many are foreign: labelled images are looked at in the same way, as if they had no label, and an
image that belongs to them is as foreign as one of them is. What is beyond that share is foreign,
and so many of the most foreign are taken: where none are, next to nothing is (share of true null
hypotheses from p-values: Storey 2002, A direct approach to false discovery rates).
"""

from typing import NamedTuple

import numpy as np

from tofa_tf.training.surroundings import surroundings

# Below that p-value there are foreign images, above it hardly any: more would be a smaller sample.
# Foreign images that resemble a labelled class reach higher p-values by their surroundings. Both
# were chosen on images of training parts.
_FAR_DISTANCE = 0.3
_FAR_SURROUNDINGS = 0.7
_AT_ONCE = 2000


class Look(NamedTuple):
    """One way to look at images.

    Attributes:
        seen: how foreign each image looks, (images,).
        expected: how foreign labelled images look, as if they had no label.
        far: share of images that belong and yet may look as foreign as foreign ones.
    """

    seen: np.ndarray
    expected: np.ndarray
    far: float


def looks(features: np.ndarray, labelled: np.ndarray, labels: np.ndarray) -> tuple[Look, Look]:
    """Looks at images by the nearest labelled one, and by classes and surroundings.

    Args:
        features: (images, n), at least one.
        labelled: of the labelled images, (labelled, n).
        labels: of these, integers.
    """
    return (
        Look(*_distances(features, labelled), _FAR_DISTANCE),
        Look(*surroundings(features, labelled, labels), _FAR_SURROUNDINGS),
    )


def foreign_images(features: np.ndarray, labelled: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Returns which images look foreign by either look, the most foreign first.

    Args:
        features, labelled, labels: as of `looks`.
    """
    if not len(features):
        return np.zeros(0, np.int64)
    ranks, found = [], []
    for look in looks(features, labelled, labels):
        order = np.argsort(-look.seen, kind="stable")
        found.append(order[: count_foreign(*look)])
        ranks.append(np.argsort(order))
    either = np.union1d(*found)
    return either[np.argsort(np.minimum(*ranks)[either], kind="stable")]


def count_foreign(seen: np.ndarray, expected: np.ndarray, far: float = _FAR_DISTANCE) -> int:
    """Estimates how many images do not belong to others.

    Args:
        seen: how foreign the images look.
        expected: how foreign the others look, each against the rest of them.
        far: share of images that belong and yet may look as foreign as foreign ones.
    """
    if not len(seen):
        return 0
    farther = len(expected) - np.searchsorted(np.sort(expected), seen, side="left")
    p_values = (1.0 + farther) / (len(expected) + 1.0)
    belonging = min(1.0, float(np.mean(p_values > far)) / (1.0 - far))
    return round((1.0 - belonging) * len(seen))


def nearest_distances(features: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Returns the Euclidean distance of each row to the nearest row of the others, (n,)."""
    # All distances at once would take a lot of memory.
    parts = [
        _squared_distances(features[start : start + _AT_ONCE], others).min(axis=1)
        for start in range(0, len(features), _AT_ONCE)
    ]
    return np.sqrt(np.concatenate(parts)) if parts else np.zeros(0)


def distances_among(features: np.ndarray) -> np.ndarray:
    """Returns the Euclidean distance of each row to the nearest other row, (n,)."""
    squares = _squared_distances(features, features)
    np.fill_diagonal(squares, np.inf)
    return np.sqrt(squares.min(axis=1))


def _distances(features: np.ndarray, labelled: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distances to the nearest labelled image, and of labelled ones to each other."""
    mean, spread = labelled.mean(axis=0), np.maximum(labelled.std(axis=0), 1e-6)
    images, labelled = ((rows - mean) / spread for rows in (features, labelled))
    return nearest_distances(images, labelled), distances_among(labelled)


def _squared_distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(rows of a, rows of b)."""
    norms = (a**2).sum(axis=1)[:, np.newaxis] + (b**2).sum(axis=1)
    return np.maximum(norms - 2.0 * a @ b.T, 0.0)
