"""What images that look alike say of each other: opinions spread over a graph of neighbours.

Source: Learning with local and global consistency (Zhou et al., 2003); on features of a net: Label
propagation for deep semi-supervised learning (arXiv 1904.04717, section 3.2).
"""

from typing import Self

import numpy as np
from scipy import sparse
from sklearn.neighbors import NearestNeighbors

# An image's neighbours, itself not counted, and what counts for less the less it is alike.
_NEIGHBOURS = 10
_POWER = 3
# What the neighbours count against the image's own opinion, and how far opinions go.
_SHARE = 0.8
_STEPS = 15
# Principal components that likeness is judged by, found on some of the images: fewer features are
# faster compared. Half-whitened, so that no single one decides.
_COMPONENTS = 256
_FITTED = 4096


class Neighbours:
    """Which of some images look alike.

    Args:
        links: how much each image has to say of each, (images, images).
    """

    def __init__(self, links: sparse.csr_matrix):
        self._links = links

    @classmethod
    def among(cls, features: np.ndarray) -> Self:
        """Finds the neighbours of images.

        Args:
            features: of the images, (images, n), of two images at least.
        """
        points = _directions(features)
        count = min(_NEIGHBOURS, len(points) - 1)
        # Exact, in pieces, on all cores.
        nearest = NearestNeighbors(n_neighbors=count, algorithm="brute").fit(points)
        links = nearest.kneighbors_graph(mode="distance")
        # Of two unit vectors: the cosine of their angle.
        links.data = np.maximum(1 - np.square(links.data) / 2, 0) ** _POWER
        links = links + links.T
        degrees = np.asarray(links.sum(axis=1)).ravel()
        scale = sparse.diags(1 / np.sqrt(np.where(degrees > 0, degrees, 1)))
        return cls((scale @ links @ scale).tocsr())

    def of(self, order: np.ndarray) -> Self:
        """Returns the same for the images in another order."""
        return type(self)(self._links[order][:, order])

    def spread(self, opinion: np.ndarray) -> np.ndarray:
        """Returns what every image's surroundings and it itself think of it.

        Args:
            opinion: shares of classes, (images, classes).

        Returns:
            (images, classes); rows do not sum to 1.
        """
        spread = opinion
        for _ in range(_STEPS):
            spread = _SHARE * (self._links @ spread) + (1 - _SHARE) * opinion
        return spread


def _directions(features: np.ndarray) -> np.ndarray:
    """Unit vectors whose angles tell how alike images are, (images, components)."""
    mean, deviation = features.mean(axis=0), features.std(axis=0)
    deviation = np.where(deviation > 0, deviation, 1)
    some = features[np.random.default_rng(0).permutation(len(features))[:_FITTED]]
    variance, components = np.linalg.eigh(np.atleast_2d(np.cov(((some - mean) / deviation).T)))
    variance, components = variance[-_COMPONENTS:], components[:, -_COMPONENTS:]
    kept = variance >= 1e-6 * variance[-1]
    components = components[:, kept] / np.maximum(variance[kept], 1e-12) ** 0.25
    # Without a copy of all features.
    turn = (components / deviation[:, np.newaxis]).astype(features.dtype)
    points = features @ turn - mean @ turn
    length = np.linalg.norm(points, axis=1, keepdims=True)
    return (points / np.maximum(length, 1e-12)).astype(np.float32)
