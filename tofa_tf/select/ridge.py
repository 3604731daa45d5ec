"""Ridge regression as a classifier on frozen features, in closed form."""

from collections.abc import Callable

import numpy as np

_STRENGTHS = 10.0 ** np.arange(-3, 5.5, 0.5)


def fit_ridge(
    features: np.ndarray, labels: np.ndarray, num_classes: int
) -> Callable[[np.ndarray], np.ndarray]:
    """Fits a linear classifier; its strength is chosen by leaving out one image at a time.

    Features are standardised; one strength is chosen for all classes, the one of least squared
    error on the images left out, which has a closed form.

    Args:
        features: (images, n).
        labels: class of each image.
        num_classes: of the scores.

    Returns:
        A function from features (m, n) to scores (m, num_classes).
    """
    mean = features.mean(axis=0, dtype=np.float64)
    deviation = features.std(axis=0, dtype=np.float64)
    scale = np.where(deviation > 0, deviation, 1.0)
    x = (features - mean) / scale
    targets = np.eye(num_classes)[labels]
    offset = targets.mean(axis=0)
    y = targets - offset
    u, s, vt = np.linalg.svd(x, full_matrices=False)
    strength = min(_STRENGTHS, key=lambda strength: left_out_error(u, s, y, strength))
    weights = vt.T @ ((s / (s**2 + strength))[:, np.newaxis] * (u.T @ y))
    return lambda other: (other - mean) / scale @ weights + offset


def left_out_error(u: np.ndarray, s: np.ndarray, y: np.ndarray, strength: float) -> float:
    """Mean squared error on every image by the classifier that is fitted to all others.

    Args:
        u: left singular vectors of the centred features, (images, rank).
        s: singular values, (rank,).
        y: centred targets, (images, classes).
        strength: of the regularisation.
    """
    shrink = s**2 / (s**2 + strength)
    residual = y - u @ (shrink[:, np.newaxis] * (u.T @ y))
    # What an image has to say about itself; its share in the mean comes on top.
    leverage = 1.0 / len(y) + (u**2) @ shrink
    left = np.maximum(1.0 - leverage, 1e-9)
    return float(np.mean((residual / left[:, np.newaxis]) ** 2))
