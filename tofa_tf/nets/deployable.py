"""One subnet of a trained run, ready to be measured or converted."""

from typing import Any

import numpy as np

from tofa_tf.nets.harvest import harvest
from tofa_tf.nets.recalibrate import recalibrate
from tofa_tf.nets.supernet import Supernet
from tofa_tf.space.arch import Arch
from tofa_tf.training.experiment import Experiment


def deployable(supernet: Supernet, arch: Arch, experiment: Experiment) -> tuple[Any, np.ndarray]:
    """Harvests a subnet and recalibrates its batch norm on training images.

    Returns:
        The Keras model, and the images, (n, resolution, resolution, 3) float32, normalised.
    """
    model = harvest(supernet, arch)
    images = experiment.calibration_images(arch.resolution)
    recalibrate(model, images)
    return model, images
