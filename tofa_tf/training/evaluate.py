"""How good a subnet is: harvested, recalibrated, on test images, in float."""

import numpy as np

from tofa_tf.nets.deployable import deployable
from tofa_tf.nets.supernet import Supernet
from tofa_tf.space.arch import Arch
from tofa_tf.training.experiment import Experiment

_BATCH = 500


def accuracy(supernet: Supernet, arch: Arch, experiment: Experiment) -> float:
    """Returns the share of test images that a subnet classifies rightly."""
    model, _ = deployable(supernet, arch, experiment)
    images = experiment.test_images(arch.resolution)
    logits = [
        np.asarray(model(images[start : start + _BATCH], training=False))
        for start in range(0, len(images), _BATCH)
    ]
    return float(np.mean(np.concatenate(logits).argmax(axis=1) == experiment.dataset.test.labels))
