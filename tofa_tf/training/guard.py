"""Keeps unlabelled images out of a training that belong to none of the labelled classes.

They are told by the features of the pre-trained largest net (`foreignness.py`).
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
from tofa_tf.training.foreignness import foreign_images
from tofa_tf.training.head_start import features_of

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
    features = extractor(experiment, experiment.pretrained)
    labelled = features(training.labelled)
    left_out = others[foreign_images(features(others), labelled, experiment.labelled_labels)]
    kept = TrainingImages(
        training.pool, training.labelled, np.setdiff1d(training.unlabelled, left_out)
    )
    found = Foreign(len(others), left_out)
    logging.info("%d of %d unlabelled images look foreign", len(left_out), len(others))
    return dataclasses.replace(experiment, training=kept, foreign=found), found


def extractor(experiment: Experiment, pretrained: Supernet) -> Callable[[np.ndarray], np.ndarray]:
    """Returns a function from positions in the pool to features of the pre-trained largest net."""
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

    return features
