"""What a teacher says of an image: a head fitted to the labelled images, as sure as it is right."""

import dataclasses

import numpy as np

from tofa_tf.select.ridge import LinearHead, fit_ridge, softmax

# Of scores to logits, where no class has two labelled images and nobody can tell how sure to be.
_SCALE = 7.0


@dataclasses.dataclass(frozen=True)
class TeacherHead:
    """A classifier on a teacher's features.

    Attributes:
        linear: gives a score to each class.
        scale: of scores to logits.
        left_out_accuracy: share of the labelled images that the head fitted to all others gets
            right, of those whose class has others; NaN if there are none.
    """

    linear: LinearHead
    scale: float
    left_out_accuracy: float

    def probabilities(self, features: np.ndarray) -> np.ndarray:
        """Returns the probability of each class, (m, classes), of features (m, n)."""
        return softmax(self.scale * self.linear(features))


def fit_head(features: np.ndarray, labels: np.ndarray, num_classes: int) -> TeacherHead:
    """Fits a head whose probabilities are calibrated.

    Both the strength of the ridge regression and the scale of its logits (the inverse of a
    temperature: Guo et al., arXiv 1706.04599) suit labelled images that the head was not fitted to,
    one left out at a time: no image need be held back for it.

    Args:
        features: of the labelled images, (images, n).
        labels: class of each.
        num_classes: of the probabilities.
    """
    linear = fit_ridge(features, labels, num_classes)
    # Without its only image a class is unknown.
    judged = np.bincount(labels, minlength=num_classes)[labels] > 1
    if not judged.any():
        return TeacherHead(linear, _SCALE, float("nan"))
    right = linear.left_out.argmax(axis=1) == labels
    return TeacherHead(linear, linear.scale, float(np.mean(right[judged])))
