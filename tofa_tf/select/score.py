"""How good a subnet is, by numbers that a rule may choose by: never by test images.

Scores on validation images belong to an objective: all images, the worst class, or images as bad
cameras make them. The zero-shot proxy needs no label at all.
"""

from collections.abc import Callable

import keras
import numpy as np

from tofa_tf.common.errors import UserError
from tofa_tf.data.corruptions import CORRUPTIONS, corrupted
from tofa_tf.nets.answers import answers
from tofa_tf.nets.deployable import deployable
from tofa_tf.nets.harvest import harvest
from tofa_tf.nets.recalibrate import recalibrate
from tofa_tf.nets.supernet import Supernet
from tofa_tf.space.arch import Arch
from tofa_tf.training.experiment import Experiment

# From a subnet to a number of which the largest is best.
Score = Callable[[Arch], float]

# Corruption at its middle strength, all kinds equally.
_STRENGTH = 1
_PROXY_IMAGES = 64


def validation_score(supernet: Supernet, experiment: Experiment, objective: str) -> Score:
    """Returns how good subnets are on the validation images.

    Args:
        supernet: trained.
        experiment: with the images.
        objective: one of `OBJECTIVES`.

    Raises:
        UserError: if there is no such objective, or there are no validation images.
    """
    if objective not in OBJECTIVES:
        raise UserError(f"unknown objective {objective!r}; available: {', '.join(OBJECTIVES)}")
    labels, measure = experiment.validation_labels, OBJECTIVES[objective]

    def score(arch: Arch) -> float:
        model, _ = deployable(supernet, arch, experiment)
        return measure(model, experiment, labels)

    return score


def _accuracy(model: keras.Model, experiment: Experiment, labels: np.ndarray) -> float:
    images = experiment.validation_images(model.input_shape[1])
    return float(np.mean(answers(model, images) == labels))


def _worst_class(model: keras.Model, experiment: Experiment, labels: np.ndarray) -> float:
    """The least accurate class; between equals, few images know many, the mean decides."""
    images = experiment.validation_images(model.input_shape[1])
    right = answers(model, images) == labels
    worst = min(float(np.mean(right[labels == c])) for c in np.unique(labels))
    return worst + 1e-3 * float(np.mean(right))


def _robust(model: keras.Model, experiment: Experiment, labels: np.ndarray) -> float:
    """Mean accuracy over all kinds of corruption."""
    assert experiment.validation is not None  # Its labels were there.
    shares, clean = [], np.asarray(experiment.validation.at(model.input_shape[1]))
    for kind in CORRUPTIONS:
        images = experiment.normalised(corrupted(clean, kind, _STRENGTH))
        shares.append(np.mean(answers(model, images) == labels))
    return float(np.mean(shares))


OBJECTIVES: dict[str, Callable[[keras.Model, Experiment, np.ndarray], float]] = {
    "accuracy": _accuracy,
    "worst_class": _worst_class,
    "robust": _robust,
}


def zero_shot_score(supernet: Supernet, experiment: Experiment) -> Score:
    """Returns how well subnets tell images apart by which of their units are active.

    It is the log-determinant of a kernel that counts for two images the units they agree on.

    Source: NASWOT (arXiv 2006.04647), the score of its second version; MatchNAS (2402.13525) picks
    subnets of a semi-supervised supernet by such proxies.

    Args:
        supernet: trained.
        experiment: with training images; labels are not used.
    """

    def score(arch: Arch) -> float:
        images = experiment.training_images(arch.resolution, _PROXY_IMAGES)
        model = harvest(supernet, arch)
        recalibrate(model, images)
        return log_det_of_agreement(_active(model, images))

    return score


def log_det_of_agreement(active: np.ndarray) -> float:
    """Returns log |det K| with K[i, j] the number of units in which images i and j agree.

    Args:
        active: bool (images, units).
    """
    codes = active.astype(np.float64)
    agreement = codes @ codes.T + (1.0 - codes) @ (1.0 - codes).T
    return float(np.linalg.slogdet(agreement)[1])


def _active(model: keras.Model, images: np.ndarray) -> np.ndarray:
    outputs = [layer.output for layer in model.layers if layer.name.endswith("_act")]
    values = keras.Model(model.input, outputs)(images, training=False)
    values = values if isinstance(values, list | tuple) else [values]
    return np.concatenate(
        [np.asarray(value).reshape(len(images), -1) > 0 for value in values], axis=1
    )
