"""Ridge regression as a classifier on frozen features, in closed form."""

from typing import NamedTuple

import numpy as np

_STRENGTHS = 10.0 ** np.arange(-3, 5.5, 0.5)
# Of scores to logits.
SCALES = 10.0 ** np.arange(-1, 2.5, 0.05)


class LinearHead(NamedTuple):
    """A linear classifier.

    Attributes:
        weights: (features, classes).
        bias: (classes,).
        scale: what scores are multiplied by to be logits, chosen on images left out of the fit.
        left_out: scores of the rows it was fitted to, each by the classifier fitted to all other
            images, (views * images, classes).
        strength: of its regularisation, a row.
    """

    weights: np.ndarray
    bias: np.ndarray
    scale: float
    left_out: np.ndarray
    strength: float

    def __call__(self, features: np.ndarray) -> np.ndarray:
        """Returns the scores (images, classes) of features (images, n): near 1 for the class."""
        return features @ self.weights + self.bias


def softmax(logits: np.ndarray) -> np.ndarray:
    """Returns the probability of each class, of logits (images, classes)."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def fit_ridge(
    features: np.ndarray, labels: np.ndarray, num_classes: int, views: int = 1
) -> LinearHead:
    """Fits a linear classifier; its strength is chosen by leaving out one image at a time.

    Features are standardised; one strength is chosen for all classes, the one of least squared
    error on the images left out, which has a closed form.

    Args:
        features: (views * images, n): of all images in one view, then of all in the next.
        labels: class of each row.
        num_classes: of the scores.
        views: of every image: mirrored ones, or what several nets make of it. All views of an
            image are left out together.
    """
    mean = features.mean(axis=0, dtype=np.float64)
    deviation = features.std(axis=0, dtype=np.float64)
    spread = np.where(deviation > 0, deviation, 1.0)
    x = (features - mean) / spread
    targets = np.eye(num_classes)[labels]
    offset = targets.mean(axis=0)
    y = targets - offset
    u, s, vt = np.linalg.svd(x, full_matrices=False)
    errors = [np.mean(left_out_residual(u, s, y, each, views) ** 2) for each in _STRENGTHS]
    strength = _STRENGTHS[int(np.argmin(errors))]
    weights = vt.T @ ((s / (s**2 + strength))[:, np.newaxis] * (u.T @ y)) / spread[:, np.newaxis]
    left_out_scores = targets - left_out_residual(u, s, y, strength, views)
    scale = _logit_scale(left_out_scores, labels)
    bias = offset - mean @ weights
    return LinearHead(weights, bias, scale, left_out_scores, strength / len(x))


def left_out_residual(
    u: np.ndarray, s: np.ndarray, y: np.ndarray, strength: float, views: int = 1
) -> np.ndarray:
    """Error on every image by the classifier that is fitted to all others.

    Args:
        u: left singular vectors of the centred features, (views * images, rank).
        s: singular values, (rank,).
        y: centred targets, (views * images, classes).
        strength: of the regularisation.
        views: see `fit_ridge`.

    Returns:
        (views * images, classes).
    """
    shrink = s**2 / (s**2 + strength)
    residual = y - u @ (shrink[:, np.newaxis] * (u.T @ y))
    # What an image has to say about itself; its share in the mean comes on top.
    u_of, residual_of = _by_image(u, views), _by_image(residual, views)
    leverage = 1.0 / len(y) + (u_of * shrink) @ np.swapaxes(u_of, 1, 2)
    # Where there are more features than rows an image may be its own only witness.
    left = np.eye(views) * (1.0 + 1e-9) - leverage
    return np.swapaxes(np.linalg.solve(left, residual_of), 0, 1).reshape(y.shape)


def _by_image(rows: np.ndarray, views: int) -> np.ndarray:
    """From (views * images, n) to (images, views, n)."""
    return np.swapaxes(rows.reshape(views, -1, rows.shape[1]), 0, 1)


def _logit_scale(scores: np.ndarray, labels: np.ndarray) -> float:
    """The factor that makes scores the logits of least cross-entropy."""

    def cross_entropy(scale: float) -> float:
        logits = scale * scores
        largest = logits.max(axis=1, keepdims=True)
        log_sum = np.log(np.exp(logits - largest).sum(axis=1)) + largest[:, 0]
        return float(np.mean(log_sum - logits[np.arange(len(labels)), labels]))

    return float(min(SCALES, key=cross_entropy))
