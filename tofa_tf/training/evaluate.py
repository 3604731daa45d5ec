"""How good a subnet is: harvested, recalibrated, on test or validation images, in float."""

from typing import Literal

import numpy as np

from tofa_tf.nets.answers import answers
from tofa_tf.nets.deployable import deployable
from tofa_tf.nets.supernet import Supernet
from tofa_tf.space.arch import Arch
from tofa_tf.training.experiment import Experiment


def accuracy(
    supernet: Supernet,
    arch: Arch,
    experiment: Experiment,
    part: Literal["test", "validation"] = "test",
) -> float:
    """Returns the share of images that a subnet classifies rightly.

    Args:
        supernet: trained.
        arch: of the subnet.
        experiment: with the images.
        part: "validation" for whatever a choice depends on, "test" for what is told of the result.

    Raises:
        UserError: if there are no validation images.
    """
    if part == "test":
        images, labels = experiment.test_images(arch.resolution), experiment.dataset.test.labels
    else:
        images, labels = experiment.validation_images(arch.resolution), experiment.validation_labels
    model, _ = deployable(supernet, arch, experiment)
    return float(np.mean(answers(model, images) == labels))
