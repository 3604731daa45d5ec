"""A linear classifier that learns from its own opinion of unlabelled images, in closed form.

Every round labels all images by the classifier there is and fits the next one to that. The opinion
is the mean over views, its class frequencies are aligned with those of the labels (ReMixMatch,
arXiv 1911.09785, section 3.1), and it is sharpened. What is fitted to sharpened opinions is too
sure of itself; the last classifier is made as sure, on average, as the one that only knew labels.
"""

from collections.abc import Sequence

import numpy as np

from tofa_tf.select.ridge import SCALES, LinearHead, softmax

# Chosen on CIFAR-10's training images that nobody labelled, at 4 and 25 labels a class. Without
# sharpening the gain at 4 labels is gone, without alignment half of it; regularisation and the
# labels' weight matter by a point or two.
_ROUNDS = 5
_SHARPNESS = 2.0
# Of the regularisation at most, a row of weight 1.
_STRENGTH = 0.3
# What all labels weigh together against all unlabelled images: as much, and more where they are so
# many a class that they know better: at 400 equal weights lost 0.3 to 0.5 points on the features of
# a teacher, on CIFAR-10's training images that nobody labelled.
_LABELS_WEIGHT = 1.0
_ENOUGH_LABELS = 100
# Rows of a view on which two classifiers' confidence is compared.
_COMPARED = 2048


def self_trained(
    head: LinearHead,
    labels: np.ndarray,
    opinion: Sequence[np.ndarray],
    fitted: Sequence[np.ndarray] | None = None,
) -> LinearHead:
    """Returns the classifier after some rounds of learning from itself.

    Args:
        head: fitted to the labelled images; what it regularises less, so do the others.
        labels: of the first images of every view; all further ones are unlabelled.
        opinion: views of all images, each (images, n), whose scores are averaged to label them.
        fitted: views that the last classifier fits; by default those of the opinion.
    """
    first, fitted = head, opinion if fitted is None else fitted
    known = np.eye(head.weights.shape[1])[labels]
    strength = min(head.strength, _STRENGTH)
    regression = _Regression(opinion, _weights(known, len(opinion[0])), strength)
    mean_view = np.mean(opinion, axis=0)
    targets = _targets(head.scale * head(mean_view), known)
    for _ in range(_ROUNDS - 1):
        head = regression.fit(targets, head)
        targets = _targets(head.scale * head(mean_view), known)
    unlabelled = [view[len(labels) :][:_COMPARED] for view in fitted]
    return as_sure(fit_soft(head, targets, len(labels), fitted), first, unlabelled)


def fit_soft(
    head: LinearHead, targets: np.ndarray, count: int, views: Sequence[np.ndarray]
) -> LinearHead:
    """Fits a classifier to soft labels.

    Args:
        head: whose scale and regularisation it keeps.
        targets: probability of each class, (images, classes).
        count: of the first images, whose labels are certain; they weigh more.
        views: of the images, each (images, n).
    """
    strength = min(head.strength, _STRENGTH)
    weights = _weights(targets[:count], len(targets))
    return _Regression(views, weights, strength).fit(targets, head)


def as_sure(head: LinearHead, other: LinearHead, views: Sequence[np.ndarray]) -> LinearHead:
    """Returns a classifier whose largest probability is on average that of another one.

    Args:
        head: whose scale is replaced.
        other: by which.
        views: of the images that both look at, each (images, n).
    """
    features = np.concatenate(views)
    wanted, scores = _confidence(other.scale * other(features)), head(features)
    return head._replace(
        scale=float(min(SCALES, key=lambda scale: abs(_confidence(scale * scores) - wanted)))
    )


def _confidence(logits: np.ndarray) -> float:
    return float(softmax(logits).max(axis=1).mean())


def _weights(known: np.ndarray, images: int) -> np.ndarray:
    """Weight of each row: of the labelled ones, (count, classes), then of the others."""
    count, classes = known.shape
    share = _LABELS_WEIGHT * max(1.0, count / classes / _ENOUGH_LABELS)
    weights = np.ones(images, np.float32)
    weights[:count] = max(1.0, share * (images - count) / count)
    return weights


def _targets(logits: np.ndarray, known: np.ndarray) -> np.ndarray:
    """What the next classifier is fitted to: labels where there are any, else the opinion."""
    shares = softmax(logits)
    found = np.maximum(shares[len(known) :].mean(axis=0), 1e-9)
    aligned = shares * known.mean(axis=0) / found
    sharp = (aligned / aligned.sum(axis=1, keepdims=True)) ** _SHARPNESS
    targets = sharp / sharp.sum(axis=1, keepdims=True)
    targets[: len(known)] = known
    return targets


class _Regression:
    """Weighted ridge regression on standardised features, its one large product made once.

    Args:
        views: of equal images, each (images, n).
        weights: of the images.
        strength: of the regularisation, as a share of the features' variance.
    """

    def __init__(self, views: Sequence[np.ndarray], weights: np.ndarray, strength: float):
        total = len(views) * weights.sum()
        self._weights, self._views = weights[:, np.newaxis], views
        self._mean = sum(weights @ view for view in views) / total
        square = sum(weights @ np.square(view - self._mean) for view in views) / total
        self._spread = np.where(square > 0, np.sqrt(square), 1).astype(np.float32)
        gram = sum((z * self._weights).T @ z for z in map(self._standard, views))
        strength = strength * np.trace(gram) / len(gram)
        self._inverse = np.linalg.inv(gram.astype(np.float64) + strength * np.eye(len(gram)))

    def _standard(self, view: np.ndarray) -> np.ndarray:
        return (view - self._mean) / self._spread

    def fit(self, targets: np.ndarray, head: LinearHead) -> LinearHead:
        """Returns the head of these targets, (images, classes); its scale is that of another."""
        offset = (self._weights * targets).sum(axis=0) / self._weights.sum()
        wanted = (self._weights * (targets - offset)).astype(np.float32)
        products = sum(self._standard(view).T @ wanted for view in self._views)
        weights = (self._inverse @ products) / self._spread[:, np.newaxis]
        return head._replace(weights=weights, bias=offset - self._mean @ weights)
