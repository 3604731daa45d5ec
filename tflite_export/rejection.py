"""Answers that had better not be given: how strange an input may be, fitted on known inputs.

A classifier names one of its classes whatever it sees. How strange an input is:

* where the outputs are logits, the squared distance of all of them from their mean over the known
  inputs that get the same answer, each in units of its variance (Lee et al. 2018, A simple unified
  framework for detecting out-of-distribution samples, here of the outputs, with a diagonal
  covariance);
* where they are probabilities, in which that is lost, or of many classes: 1 - the probability of
  the answer (Hendrycks & Gimpel 2017, A baseline for detecting misclassified and
  out-of-distribution examples).

Beyond the limit of its answer's class an input is "unknown". Limits keep a given share of known
inputs of every class, in expectation over further ones: they are order statistics, as in conformal
prediction, of inputs that had no part in means and variances.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tflite_export.common.json_data import JsonRecord
from tflite_export.task import OutputRule

KEPT = 0.95
# Of fewer answers no quantile is worth its name: the class takes that of all answers.
_LEAST_ANSWERS = 20
# Means of more classes would take more than 4 KiB of flash.
_MOST_CLASSES = 64
_FOLDS = 5


@dataclass(frozen=True)
class Rejection(JsonRecord):
    """When an answer is "unknown".

    Attributes:
        limits: of each class, the largest strangeness of its answers.
        centres: of each class, mean output of known inputs with that answer, (classes, columns), in
            whole steps of the int8 output; empty: strangeness is 1 - probability.
        weights: 1 / variance of each output around these.
        kept: share of known inputs that is kept by limits fitted on the others, a fifth of them at
            a time.
    """

    limits: tuple[float, ...]
    centres: tuple[tuple[float, ...], ...] = ()
    weights: tuple[float, ...] = ()
    kept: float = 1.0

    def strangeness(self, outputs: np.ndarray, rule: OutputRule) -> np.ndarray:
        """Returns how strange each input is, (n,).

        Args:
            outputs: (n, columns), of a classification.
            rule: how they are read.
        """
        if not self.centres:
            return 1.0 - rule.probabilities(outputs).max(axis=1)
        return _distances(outputs, np.array(self.centres), np.array(self.weights))

    def rejected(self, outputs: np.ndarray, rule: OutputRule) -> np.ndarray:
        """Returns which answers are "unknown", bool (n,); arguments as of `strangeness`."""
        limits = np.array(self.limits)[outputs.argmax(axis=1)]
        return self.strangeness(outputs, rule) > limits


def fit_rejection(
    outputs: np.ndarray, rule: OutputRule, step: float, kept: float = KEPT
) -> Rejection:
    """Fits limits on inputs of known classes that the model was not trained on.

    Args:
        outputs: (n, classes), of these inputs.
        rule: of a classification.
        step: real value of one step of the int8 output.
        kept: share of further such inputs that is to be kept, in expectation.
    """
    classes = outputs.shape[1]
    if rule.are_probabilities(outputs) or classes > _MOST_CLASSES:
        strange, centres, weights = 1.0 - rule.probabilities(outputs).max(axis=1), None, None
    else:
        strange = _held_out(outputs, lambda some: _fit_centres(some, step), _distances)
        centres, weights = _fit_centres(outputs, step)
    answers, folds = outputs.argmax(axis=1), _folds(len(outputs))
    lost = 0
    for fold in np.unique(folds) if len(outputs) > _FOLDS else ():
        own = folds == fold
        limits = _fit_limits(strange[~own], answers[~own], classes, kept)
        lost += int((strange[own] > limits[answers[own]]).sum())
    return Rejection(
        tuple(_fit_limits(strange, answers, classes, kept).tolist()),
        () if centres is None else tuple(map(tuple, centres.tolist())),
        () if weights is None else tuple(weights.tolist()),
        1.0 - lost / len(outputs),
    )


def _folds(count: int) -> np.ndarray:
    return np.arange(count) % _FOLDS


def _held_out(
    outputs: np.ndarray,
    fit: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]],
    measure: Callable[..., np.ndarray],
) -> np.ndarray:
    """Measures each output by what was fitted on the other folds."""
    if len(outputs) <= _FOLDS:
        return measure(outputs, *fit(outputs))
    folds, values = _folds(len(outputs)), np.empty(len(outputs))
    for fold in range(_FOLDS):
        values[folds == fold] = measure(outputs[folds == fold], *fit(outputs[folds != fold]))
    return values


def _fit_centres(outputs: np.ndarray, step: float) -> tuple[np.ndarray, np.ndarray]:
    """Returns means by answer, (classes, columns), and 1 / variance around them, (columns,)."""
    answers, overall = outputs.argmax(axis=1), outputs.mean(axis=0)
    found = [outputs[answers == number] for number in range(outputs.shape[1])]
    centres = np.stack([some.mean(axis=0) if len(some) else overall for some in found])
    centres = step * np.round(centres / step)
    variances = ((outputs - centres[answers]) ** 2).mean(axis=0)
    # No output is known better than to a step.
    return centres, 1.0 / np.maximum(variances, step**2)


def _distances(outputs: np.ndarray, centres: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return (outputs - centres[outputs.argmax(axis=1)]) ** 2 @ weights


def _fit_limits(strange: np.ndarray, answers: np.ndarray, classes: int, kept: float) -> np.ndarray:
    overall, limits = _limit(strange, kept), np.empty(classes)
    for number in range(classes):
        own = strange[answers == number]
        limits[number] = _limit(own, kept) if len(own) >= _LEAST_ANSWERS else overall
    return limits


def _limit(values: np.ndarray, kept: float) -> float:
    """The k-th largest of n values, beyond which a further one lies with probability k / (n + 1).

    A plain quantile of few values would reject more than it says. Of too few the largest is taken.
    """
    rank = int((len(values) + 1) * (1.0 - kept) + 1e-9)
    return float(np.sort(values)[-max(rank, 1)])
