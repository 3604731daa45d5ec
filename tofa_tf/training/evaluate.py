"""How good a subnet is: harvested, recalibrated, on test or validation images, in float."""

from typing import Literal, TypeAlias

import keras
import numpy as np

from tofa_tf.nets.answers import answers
from tofa_tf.nets.deployable import deployable
from tofa_tf.nets.supernet import Supernet
from tofa_tf.space.arch import Arch
from tofa_tf.training.experiment import Experiment

Part: TypeAlias = Literal["test", "validation"]


def accuracy(
    supernet: Supernet,
    arch: Arch,
    experiment: Experiment,
    part: Part = "test",
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
    images, labels = _part(experiment, part, arch.resolution)
    model, _ = deployable(supernet, arch, experiment)
    return float(np.mean(answers(model, images) == labels))


def accuracy_of(model: keras.Model, experiment: Experiment, part: Part = "test") -> float:
    """Returns the share of images that a subnet classifies rightly which is deployable already.

    Args:
        model: of the subnet.
        experiment, part: as in `accuracy`.

    Raises:
        UserError: if there are no validation images.
    """
    images, labels = _part(experiment, part, model.input_shape[1])
    return float(np.mean(answers(model, images) == labels))


def _part(experiment: Experiment, part: Part, resolution: int) -> tuple[np.ndarray, np.ndarray]:
    if part == "test":
        return experiment.test_images(resolution), experiment.dataset.test.labels
    return experiment.validation_images(resolution), experiment.validation_labels
