"""How foreign images look by the labelled classes, and by what the images around them look like.

Two opinions of every image: how much better all images explain its features than the labelled
classes do (`class_ratios`), and how little of the labelled images reaches it over a graph of
neighbours. Both are rough; what images that look alike think together is less so: their ranks are
added and spread over the same graph.

Source: none for the whole; its parts are the relative Mahalanobis distance (arXiv 2106.09022) and
Learning with local and global consistency (Zhou et al., 2003).
"""

import numpy as np
from scipy.stats import rankdata

from tofa_tf.select.neighbours import Neighbours
from tofa_tf.training.class_ratios import class_ratios

# Labelled images are looked at as if they had no label, a part of them at a time.
_PARTS = 5
# A graph of more images takes too long: its time grows with their square.
_AT_ONCE = 16384


def surroundings(
    features: np.ndarray, labelled: np.ndarray, labels: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Returns how foreign images look, and how foreign labelled ones look without their label.

    Args:
        features: (images, n), at least one.
        labelled: of the labelled images, (labelled, n).
        labels: of these, integers.

    Returns:
        (images,) and (labelled,), in the same measure.
    """
    seen, expected = np.empty(len(features)), []
    generator = np.random.default_rng(0)
    count = -(-len(features) // _AT_ONCE)
    for some in np.array_split(generator.permutation(len(features)), count):
        rows = np.concatenate([labelled, features[some]])
        neighbours = Neighbours.among(rows)
        seen[some] = _strangeness(rows, np.arange(len(labels)), labels, neighbours)[len(labels) :]
        expected.append(_without_their_label(rows, labels, neighbours))
    return seen, np.mean(expected, axis=0)


def _without_their_label(
    rows: np.ndarray, labels: np.ndarray, neighbours: Neighbours
) -> np.ndarray:
    # A label that is the only one says nothing of the image that has it.
    strangeness = np.full(len(labels), np.inf)
    # By class in turn: of every class as many in each part as can be.
    part = np.empty(len(labels), int)
    part[np.argsort(labels, kind="stable")] = np.arange(len(labels)) % _PARTS
    for number in np.unique(part):
        known = np.flatnonzero(part != number)
        if len(known):
            left_out = np.flatnonzero(part == number)
            all_rows = _strangeness(rows, known, labels[known], neighbours)
            strangeness[left_out] = all_rows[left_out]
    return strangeness


def _strangeness(
    rows: np.ndarray, known: np.ndarray, labels: np.ndarray, neighbours: Neighbours
) -> np.ndarray:
    """How foreign all images look where some have labels.

    Args:
        rows: features of all images, (images, n).
        known: positions of the labelled ones.
        labels: of these.
        neighbours: among all images.
    """
    others = np.setdiff1d(np.arange(len(rows)), known)
    ratios, heard = np.empty(len(rows)), np.zeros(len(rows))
    ratios[others], ratios[known] = class_ratios(rows[others], rows[known], labels)
    heard[known] = 1.0
    everybody = neighbours.spread(np.ones(len(rows)))
    opinion = _ranks(ratios) - _ranks(neighbours.spread(heard) / everybody)
    return neighbours.spread(opinion) / everybody


def _ranks(values: np.ndarray) -> np.ndarray:
    """From 0 to 1; equal values share a rank."""
    return rankdata(values) / len(values)
