"""Answers that had better not be given: a threshold per class, fitted on known inputs.

A classifier names one of its classes whatever it sees. Its probability of that answer is lower for
what it has never seen; below the threshold of the answer's class the answer is "unknown". The
thresholds keep a given share of known inputs of every class (Hendrycks & Gimpel 2017, A baseline
for detecting misclassified and out-of-distribution examples).
"""

import numpy as np

KEPT = 0.95
# Of fewer answers no quantile is worth its name: the class takes that of all answers.
_LEAST_ANSWERS = 20


def fit_thresholds(probabilities: np.ndarray, kept: float = KEPT) -> tuple[float, ...]:
    """Returns for each class below which probability an answer is to be rejected.

    Args:
        probabilities: (n, classes), of inputs of known classes that the model was not trained on.
        kept: share of these that is to be kept.
    """
    answers, surest = probabilities.argmax(axis=1), probabilities.max(axis=1)
    # "lower": of few inputs rather too many are kept than too few.
    overall = float(np.quantile(surest, 1 - kept, method="lower"))
    thresholds = []
    for number in range(probabilities.shape[1]):
        own = surest[answers == number]
        enough = len(own) >= _LEAST_ANSWERS
        thresholds.append(float(np.quantile(own, 1 - kept, method="lower")) if enough else overall)
    return tuple(thresholds)


def rejected(probabilities: np.ndarray, thresholds: tuple[float, ...]) -> np.ndarray:
    """Returns which answers are to be rejected, bool (n,).

    Args:
        probabilities: (n, classes).
        thresholds: of each class.
    """
    answers, surest = probabilities.argmax(axis=1), probabilities.max(axis=1)
    return surest < np.array(thresholds)[answers]
