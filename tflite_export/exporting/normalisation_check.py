"""Whether labelled images contradict the normalisation that was given for a model.

A net that was trained on other values than it gets still answers, only worse, and its int8 form
agrees with it. Only labels show the mistake: the float model is tried with what is common.
"""

import dataclasses
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from tflite_export.convert.outputs import outputs_of
from tflite_export.input_spec import InputSpec
from tflite_export.preprocess import normalise
from tflite_export.task import OutputRule

# In the order of preference where several do equally well; of three channels red comes first.
_COMMON: tuple[tuple[tuple[float, ...], tuple[float, ...]], ...] = (
    ((0.0,), (255.0,)),
    ((127.5,), (127.5,)),
    ((128.0,), (128.0,)),
    ((0.0,), (1.0,)),
    ((123.675, 116.28, 103.53), (58.395, 57.12, 57.375)),  # torchvision's for ImageNet.
    ((123.68, 116.779, 103.939), (1.0,)),  # Caffe's, with blue first in VGG and ResNet.
)
_SWAPPED = {"rgb": "bgr", "bgr": "rgb"}
# Each costs some 12 runs of the float model.
_MOST_IMAGES = 1000
_STANDARD_ERRORS = 2.0


@dataclass(frozen=True)
class BetterNormalisation:
    """A normalisation that explains labels clearly better than the one given.

    Attributes:
        spec: with it.
        accuracy: of the float model with it, a share of 1.
        given_accuracy: with the one given.
        difference_error: standard error of the difference, over the same images.
        images: how many.
    """

    spec: InputSpec
    accuracy: float
    given_accuracy: float
    difference_error: float
    images: int


def better_normalisation(
    model: Any, pixels: np.ndarray, labels: np.ndarray, spec: InputSpec, rule: OutputRule
) -> BetterNormalisation | None:
    """Returns the common normalisation that does best, if it beats the given one clearly.

    Args:
        model: Keras 3 or `tf_keras` model.
        pixels: uint8 (batch, height, width, channels), prepared by `spec`, not normalised.
        labels: integers of the shape of the answers, see `OutputRule.answers`.
        spec: with the normalisation given.
        rule: how outputs are read; of a task that has answers.
    """
    chosen = np.unique(np.linspace(0, len(pixels) - 1, _MOST_IMAGES).astype(int))
    pixels, labels = pixels[chosen], labels[chosen]
    given = _right(model, pixels, labels, spec, rule)
    tried = []
    for other in _candidates(spec):
        same_order = other.colour == spec.colour
        right = _right(model, pixels if same_order else pixels[..., ::-1], labels, other, rule)
        tried.append((other, right))
    best = max((right for _, right in tried), key=np.mean)
    if not _clearly_better(best, given):
        return None
    # Nets without bias do not mind the scale: among equals the usual one is meant.
    spec, right = next(one for one in tried if not _clearly_better(best, one[1]))
    return BetterNormalisation(
        spec, float(right.mean()), float(given.mean()), _error(right - given), len(right)
    )


def _clearly_better(right: np.ndarray, than: np.ndarray) -> bool:
    gain = right - than
    return bool(gain.mean() > _STANDARD_ERRORS * _error(gain))


def _error(difference: np.ndarray) -> float:
    """Returns the standard error of a mean over images."""
    if len(difference) < 2:
        return math.inf
    return float(difference.std(ddof=1)) / math.sqrt(len(difference))


def _right(
    model: Any, pixels: np.ndarray, labels: np.ndarray, spec: InputSpec, rule: OutputRule
) -> np.ndarray:
    """Returns the share of right answers to each image, float (batch,)."""
    outputs = outputs_of(model, normalise(pixels, spec.mean, spec.std))
    right = rule.answers(outputs) == labels
    return right.reshape(len(right), -1).mean(axis=1)


def _candidates(spec: InputSpec) -> Iterator[InputSpec]:
    orders = (spec.colour, _SWAPPED[spec.colour]) if spec.colour in _SWAPPED else (spec.colour,)
    for colour in orders:
        for mean, std in _COMMON:
            if len(mean) not in (1, spec.channels):
                continue
            if colour == "bgr":
                mean, std = mean[::-1], std[::-1]
            other = dataclasses.replace(spec, colour=colour, mean=mean, std=std)
            if other != spec:
                yield other
