"""Answers that had better not be given: a threshold per class, fitted on known inputs.

A classifier names one of its classes whatever it sees. Its probability of that answer is lower for
what it has never seen; below the threshold of the answer's class the answer is "unknown". The
thresholds keep a given share of known inputs of every class (Hendrycks & Gimpel 2017, A baseline
for detecting misclassified and out-of-distribution examples), in expectation over inputs that they
were not fitted on (order statistics, as in conformal prediction).
"""

from dataclasses import dataclass

import numpy as np

KEPT = 0.95
# Of fewer answers no quantile is worth its name: the class takes that of all answers.
_LEAST_ANSWERS = 20
_FOLDS = 5


@dataclass(frozen=True)
class Rejection:
    """Thresholds, and what they are worth.

    Attributes:
        thresholds: of each class; none: nothing is rejected.
        kept: share of known inputs that is kept by thresholds fitted on the others, a fifth of them
            at a time; None without thresholds.
    """

    thresholds: tuple[float, ...] = ()
    kept: float | None = None


def fit_rejection(probabilities: np.ndarray, kept: float = KEPT) -> Rejection:
    """Fits thresholds and measures them on inputs that had no part in them.

    Args:
        probabilities: (n, classes), of inputs of known classes that the model was not trained on.
        kept: share of these that is to be kept.
    """
    folds = np.arange(len(probabilities)) % _FOLDS
    lost = 0
    for fold in range(min(_FOLDS, len(probabilities))):
        others, own = probabilities[folds != fold], probabilities[folds == fold]
        if len(others):
            lost += int(rejected(own, fit_thresholds(others, kept)).sum())
    return Rejection(fit_thresholds(probabilities, kept), 1.0 - lost / len(probabilities))


def fit_thresholds(probabilities: np.ndarray, kept: float = KEPT) -> tuple[float, ...]:
    """Returns for each class below which probability an answer is to be rejected.

    Args:
        probabilities: (n, classes), of inputs of known classes that the model was not trained on.
        kept: share of further such inputs that is to be kept, in expectation.
    """
    answers, surest = probabilities.argmax(axis=1), probabilities.max(axis=1)
    overall = _threshold(surest, kept)
    thresholds = []
    for number in range(probabilities.shape[1]):
        own = surest[answers == number]
        thresholds.append(_threshold(own, kept) if len(own) >= _LEAST_ANSWERS else overall)
    return tuple(thresholds)


def rejected(probabilities: np.ndarray, thresholds: tuple[float, ...]) -> np.ndarray:
    """Returns which answers are to be rejected, bool (n,).

    Args:
        probabilities: (n, classes).
        thresholds: of each class.
    """
    answers, surest = probabilities.argmax(axis=1), probabilities.max(axis=1)
    return surest < np.array(thresholds)[answers]


def _threshold(values: np.ndarray, kept: float) -> float:
    """The k-th smallest of n values, below which a further one lies with probability k / (n + 1).

    A plain quantile of few values would reject more than it says.
    """
    rank = int((len(values) + 1) * (1.0 - kept) + 1e-9)
    return float(np.sort(values)[rank - 1]) if rank else 0.0
