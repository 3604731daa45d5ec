"""Keeps unlabelled images out of a training that look like none of the labelled ones.

How foreign an image is: its distance to the nearest labelled image, in the features of the
pre-trained largest net. How many are foreign: labelled images are looked at in the same way, each
against the others, and an unlabelled image that belongs to them is as far from the rest as one of
them is. What is beyond that share is foreign, and so many of the farthest are left out: where none
are, next to nothing is.

Sources: nearest neighbours as a detector of foreign images (arXiv 2204.06507); share of true null
hypotheses from the distribution of p-values (Storey 2002, A direct approach to false discovery
rates).
"""

import dataclasses
from collections.abc import Callable

import numpy as np
from absl import logging

from tofa_tf.common.errors import UserError
from tofa_tf.data.records import TrainingImages
from tofa_tf.nets.deployable import deployable
from tofa_tf.nets.supernet import Supernet
from tofa_tf.pretrained.transfer import copy_weights
from tofa_tf.training.experiment import Experiment
from tofa_tf.training.head_start import features_of

# Below that p-value there are foreign images, above it hardly any: more would be a smaller sample.
_FAR = 0.3
_AT_ONCE = 2000


@dataclasses.dataclass(frozen=True)
class Foreign:
    """What the guard found.

    Attributes:
        looked_at: unlabelled images.
        left_out: positions in the pool of those that look foreign, the most foreign first.
    """

    looked_at: int
    left_out: np.ndarray


def guarded(experiment: Experiment) -> tuple[Experiment, Foreign]:
    """Returns the experiment without the unlabelled images that look foreign.

    Args:
        experiment: with pre-trained weights.

    Raises:
        UserError: if there are no pre-trained weights to look with, or too few labelled images.
    """
    if experiment.pretrained is None:
        raise UserError(
            "foreign is guard, and pretrained is none: nothing is there to tell foreign images by; "
            "choose pre-trained weights, or foreign=keep"
        )
    training = experiment.training
    others = np.setdiff1d(training.unlabelled, training.labelled)
    if not len(others):
        return experiment, Foreign(0, others)
    features = _extractor(experiment, experiment.pretrained)
    labelled = features(training.labelled)
    distances = nearest_distances(features(others), labelled)
    count = count_foreign(distances, distances_among(labelled))
    left_out = others[np.argsort(-distances, kind="stable")[:count]]
    kept = TrainingImages(
        training.pool, training.labelled, np.setdiff1d(training.unlabelled, left_out)
    )
    found = Foreign(len(others), left_out)
    logging.info("%d of %d unlabelled images look foreign", len(left_out), len(others))
    return dataclasses.replace(experiment, training=kept, foreign=found), found


def count_foreign(distances: np.ndarray, expected: np.ndarray) -> int:
    """Estimates how many images do not belong to others.

    Args:
        distances: of the images to the nearest of the others.
        expected: of each of the others to the nearest of the rest.
    """
    if not len(distances):
        return 0
    farther = len(expected) - np.searchsorted(np.sort(expected), distances, side="left")
    p_values = (1.0 + farther) / (len(expected) + 1.0)
    belonging = min(1.0, float(np.mean(p_values > _FAR)) / (1.0 - _FAR))
    return round((1.0 - belonging) * len(distances))


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


def _squared_distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(rows of a, rows of b)."""
    norms = (a**2).sum(axis=1)[:, np.newaxis] + (b**2).sum(axis=1)
    return np.maximum(norms - 2.0 * a @ b.T, 0.0)


def _extractor(experiment: Experiment, pretrained: Supernet) -> Callable[[np.ndarray], np.ndarray]:
    """Returns a function from positions in the pool to features, standardised on labelled images.

    They are those of the pre-trained largest net.
    """
    supernet = Supernet(experiment.space, experiment.num_classes, experiment.channels)
    supernet.build()
    copy_weights(pretrained, supernet)
    model, _ = deployable(supernet, experiment.space.max_arch, experiment)

    def features(positions: np.ndarray) -> np.ndarray:
        parts = []
        # As floats all images at once would take a lot of memory.
        for start in range(0, len(positions), _AT_ONCE):
            some = positions[start : start + _AT_ONCE]
            seen = TrainingImages(experiment.training.pool, some, some)
            images = dataclasses.replace(experiment, training=seen).labelled_images(
                experiment.space.max_arch.resolution
            )
            parts.append(features_of(model, images))
        return np.concatenate(parts)

    labelled = features(experiment.training.labelled)
    mean, spread = labelled.mean(axis=0), np.maximum(labelled.std(axis=0), 1e-6)
    return lambda positions: (features(positions) - mean) / spread
