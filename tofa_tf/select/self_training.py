"""A linear classifier that learns from its own opinion of unlabelled images, in closed form.

Every round labels all images by the classifier there is and by what their neighbours are taken for,
and fits the next one to that. An opinion is the mean over views, its class frequencies are aligned
with those of the labels (ReMixMatch, arXiv 1911.09785, section 3.1), and it is sharpened. What is
fitted to sharpened opinions is too sure of itself; the last classifier is made as sure, on average,
as the one that only knew labels. Where what looks alike is of different classes, neighbours are not
asked: labelled images that a classifier did not see tell.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from absl import logging

from tofa_tf.select.neighbours import Neighbours
from tofa_tf.select.ridge import SCALES, LinearHead, fit_ridge, softmax

# Chosen on CIFAR-10's training images that nobody labelled, at 4 and 25 labels a class. Without
# sharpening the gain at 4 labels is gone, without alignment half of it; regularisation and the
# labels' weight matter by a point or two. Neighbours add 1 to 2 points to a student and 1 to 8 to a
# teacher; on steel defects up to 2 and 20; on hand signs they cost a student 4.
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
# Parts of the labelled images, each left out once, to see whether neighbours help; and the squared
# error that must be left with them at most. Of 72 draws of labels from three sets, for a student
# and a teacher, it parts those where they harm (0.94 to 1.05) from those where they help most.
_FOLDS = 4
_HELPFUL = 0.93


class SelfTrained(NamedTuple):
    """What comes of learning from oneself.

    Attributes:
        head: the classifier.
        targets: what it was fitted to: labels, then sharpened opinions, (images, classes).
    """

    head: LinearHead
    targets: np.ndarray


def self_trained(
    head: LinearHead,
    labels: np.ndarray,
    opinion: Sequence[np.ndarray],
    fitted: Sequence[np.ndarray] | None = None,
) -> SelfTrained:
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
    mean_view = opinion[0] if len(opinion) == 1 else np.mean(opinion, axis=0)
    neighbours = _helpful_neighbours(mean_view, labels, opinion)
    targets = _believed(head.scale * head(mean_view), known, neighbours)
    for _ in range(_ROUNDS - 1):
        head = regression.fit(targets, head)
        targets = _believed(head.scale * head(mean_view), known, neighbours)
    unlabelled = [view[len(labels) :][:_COMPARED] for view in fitted]
    head = as_sure(fit_soft(head, targets, len(labels), fitted), first, unlabelled)
    return SelfTrained(head, targets)


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


def _helpful_neighbours(
    mean_view: np.ndarray, labels: np.ndarray, views: Sequence[np.ndarray]
) -> Neighbours | None:
    """The graph of all images, unless it tells little of labelled ones left out of a fit."""
    if 2 * len(labels) > len(mean_view):
        # Of images that mostly have labels a graph takes its time and says nothing new.
        return None
    neighbours = Neighbours.among(mean_view)
    counts = np.bincount(labels)
    folds = min(_FOLDS, counts[counts > 0].min())
    if folds < 2:
        return neighbours
    known, fold, error = np.eye(len(counts))[labels], _folds(labels, folds), np.zeros(2)
    for number in range(folds):
        fitted, left_out = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
        rows = np.concatenate([view[fitted] for view in views])
        head = fit_ridge(rows, np.tile(labels[fitted], len(views)), len(counts), len(views))
        # The images of the fit stand first, as those whose labels are known.
        order = np.concatenate([fitted, left_out, np.arange(len(labels), len(mean_view))])
        logits = head.scale * head(mean_view)[order]
        for which, asked in enumerate((None, neighbours.of(order))):
            taken = _believed(logits, known[fitted], asked)
            error[which] += np.square(taken[len(fitted) : len(labels)] - known[left_out]).sum()
    helpful = bool(error[1] < _HELPFUL * error[0])
    logging.info(
        "neighbours have %s say in labelling: squared error of labels left out %.2f by them, %.2f "
        "without",
        "a" if helpful else "no",
        *(error[::-1] / len(labels)),
    )
    return neighbours if helpful else None


def _folds(labels: np.ndarray, count: int) -> np.ndarray:
    """Which part each labelled image belongs to; every part has images of all classes."""
    fold, generator = np.empty(len(labels), int), np.random.default_rng(0)
    for label in np.unique(labels):
        own = np.flatnonzero(labels == label)
        fold[own] = generator.permutation(len(own)) % count
    return fold


def _believed(logits: np.ndarray, known: np.ndarray, neighbours: Neighbours | None) -> np.ndarray:
    targets = _targets(softmax(logits), known)
    return targets if neighbours is None else _targets(neighbours.spread(targets), known)


def _targets(shares: np.ndarray, known: np.ndarray) -> np.ndarray:
    """What is to be believed: labels where there are any, else the opinion, aligned and sharp."""
    shares = shares / np.maximum(shares.sum(axis=1, keepdims=True), 1e-12)
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
        root = np.sqrt(self._weights)
        gram = sum(z.T @ z for z in (self._standard(view) * root for view in views))
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
