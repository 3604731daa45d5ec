"""Rules that turn the max net's opinion of a weak view into a pseudo-label and its weight.

Adding a rule means adding a class here and one entry of `RULES`.
"""

from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf

from tofa_tf.common.errors import UserError
from tofa_tf.distribute.replicas import ALONE, Replicas
from tofa_tf.training.running import RunningMean

# Share of the old running values that a batch keeps. The authors' 0.999 is for a million steps; a
# fine-tuning has hundreds, in which the net changes faster than that.
_DECAY = 0.99


class PseudoLabels(NamedTuple):
    """What unlabelled images are taken for.

    Attributes:
        targets: probabilities (batch, classes); a hard label is 1 for its class.
        weights: (batch,), 0 to 1: how much each one is trusted.
    """

    targets: tf.Tensor
    weights: tf.Tensor


class FixedThreshold(tf.Module):
    """Keeps the most probable class where its probability reaches a threshold.

    Source: FixMatch (arXiv 2001.07685), section 2.2; no temperature, hard labels.

    Args:
        num_classes: outputs of the classifier.
        threshold: least probability that is kept.
    """

    def __init__(self, num_classes: int, threshold: float = 0.95):
        super().__init__(name="fixed_threshold")
        self.threshold = threshold

    def __call__(
        self, weak_logits: tf.Tensor, labelled_logits: tf.Tensor, replicas: Replicas = ALONE
    ) -> PseudoLabels:
        """Labels a batch.

        Args:
            weak_logits: (batch, classes), the max net on the weak view.
            labelled_logits: (labelled batch, classes), the max net on the labelled images.
            replicas: that share the batch; what a rule measures is of all of it.
        """
        probabilities = tf.nn.softmax(weak_logits)
        return PseudoLabels(
            _hard(probabilities), _kept(tf.reduce_max(probabilities, axis=-1) >= self.threshold)
        )


class SoftMatch(tf.Module):
    """Weights every image by how far its confidence lies below the running mean: none is dropped.

    With m the largest probability after alignment to a uniform distribution, and mean and variance
    of m followed over batches: weight exp(-min(m - mean, 0)^2 * n^2 / (2 variance)), n = 2. The
    label is the most probable class before alignment.

    Source: SoftMatch (arXiv 2301.10921), section 3; the running values see a batch before they are
    used on it, as in its authors' code, but start from the first batch.

    Args:
        num_classes: outputs of the classifier.
        decay: see `RunningMean`.
    """

    def __init__(self, num_classes: int, decay: float = _DECAY):
        super().__init__(name="softmatch")
        self.mean = RunningMean("mean", (), decay)
        self.variance = RunningMean("variance", (), decay)
        self.predicted = RunningMean("predicted", (num_classes,), decay)

    def __call__(
        self, weak_logits: tf.Tensor, labelled_logits: tf.Tensor, replicas: Replicas = ALONE
    ) -> PseudoLabels:
        """Labels a batch, see `FixedThreshold`."""
        probabilities = tf.nn.softmax(weak_logits)
        predicted = self.predicted(_mean_of(probabilities, replicas))
        uniform = tf.ones_like(predicted) / tf.cast(tf.size(predicted), tf.float32)
        confidence = tf.reduce_max(_align(probabilities, predicted, uniform), axis=-1)
        mean = self.mean(_mean_of(confidence, replicas))
        variance = self.variance(_unbiased_variance(confidence, replicas))
        below = tf.minimum(confidence - mean, 0.0)
        # n = 2: the Gaussian is as wide as two standard deviations make it.
        weights = tf.exp(-tf.math.divide_no_nan(below**2 * 2.0**2, 2.0 * variance))
        return PseudoLabels(_hard(probabilities), weights)


class FreeMatch(tf.Module):
    """A threshold that follows the net's own confidence, lower for classes it is less sure of.

    With m the largest probability, t its running mean, and p the running mean of all probabilities:
    class c is kept from t * p_c / max(p) on.

    Source: FreeMatch (arXiv 2205.07246), section 4.1, self-adaptive thresholding, without its
    fairness term.

    Args:
        num_classes: outputs of the classifier.
        decay: see `RunningMean`.
    """

    def __init__(self, num_classes: int, decay: float = _DECAY):
        super().__init__(name="freematch")
        self.confidence = RunningMean("confidence", (), decay)
        self.predicted = RunningMean("predicted", (num_classes,), decay)

    def __call__(
        self, weak_logits: tf.Tensor, labelled_logits: tf.Tensor, replicas: Replicas = ALONE
    ) -> PseudoLabels:
        """Labels a batch, see `FixedThreshold`."""
        probabilities = tf.nn.softmax(weak_logits)
        confidence = tf.reduce_max(probabilities, axis=-1)
        least = self.confidence(_mean_of(confidence, replicas))
        predicted = self.predicted(_mean_of(probabilities, replicas))
        of_class = least * tf.math.divide_no_nan(predicted, tf.reduce_max(predicted))
        kept = confidence >= tf.gather(of_class, tf.argmax(probabilities, axis=-1))
        return PseudoLabels(_hard(probabilities), _kept(kept))


class AdaMatch(tf.Module):
    """Threshold relative to the confidence on labelled images, after distribution alignment.

    The unlabelled predictions are rescaled so that, over time, classes are as frequent among them
    as among the predictions on labelled images; kept is what then reaches `threshold` times the
    mean confidence of the labelled batch.

    Source: AdaMatch (arXiv 2106.04732), section 3, without its random logit interpolation.

    Args:
        num_classes: outputs of the classifier.
        threshold: share of the labelled confidence that is kept.
        decay: see `RunningMean`.
    """

    def __init__(self, num_classes: int, threshold: float = 0.95, decay: float = _DECAY):
        super().__init__(name="adamatch")
        self.threshold = threshold
        self.alignment = _Alignment(num_classes, decay)

    def __call__(
        self, weak_logits: tf.Tensor, labelled_logits: tf.Tensor, replicas: Replicas = ALONE
    ) -> PseudoLabels:
        """Labels a batch, see `FixedThreshold`."""
        labelled = tf.nn.softmax(labelled_logits)
        aligned = self.alignment(tf.nn.softmax(weak_logits), labelled, replicas)
        least = self.threshold * _mean_of(tf.reduce_max(labelled, axis=-1), replicas)
        return PseudoLabels(_hard(aligned), _kept(tf.reduce_max(aligned, axis=-1) >= least))


class SoftLabels(tf.Module):
    """Sharpened probabilities after distribution alignment, none dropped, weighted by confidence.

    Where few predictions are sure, an unsure one still says which classes an image is not of.

    Source: sharpening and alignment of ReMixMatch (arXiv 1911.09785), sections 3.1 and 3.2.

    Args:
        num_classes: outputs of the classifier.
        temperature: below 1 sharpens.
        decay: see `RunningMean`.
    """

    def __init__(self, num_classes: int, temperature: float = 0.5, decay: float = _DECAY):
        super().__init__(name="soft")
        self.temperature = temperature
        self.alignment = _Alignment(num_classes, decay)

    def __call__(
        self, weak_logits: tf.Tensor, labelled_logits: tf.Tensor, replicas: Replicas = ALONE
    ) -> PseudoLabels:
        """Labels a batch, see `FixedThreshold`."""
        labelled = tf.nn.softmax(labelled_logits)
        aligned = self.alignment(tf.nn.softmax(weak_logits), labelled, replicas)
        sharpened = aligned ** (1.0 / self.temperature)
        return PseudoLabels(_distribution(sharpened), tf.reduce_max(aligned, axis=-1))


class _Alignment(tf.Module):
    """Makes classes as frequent among unlabelled predictions as among labelled ones, over time."""

    def __init__(self, num_classes: int, decay: float):
        super().__init__(name="alignment")
        self.predicted = RunningMean("predicted", (num_classes,), decay)
        self.wanted = RunningMean("wanted", (num_classes,), decay)

    def __call__(self, unlabelled: tf.Tensor, labelled: tf.Tensor, replicas: Replicas) -> tf.Tensor:
        """Takes both probabilities of a batch in and returns the unlabelled ones aligned."""
        predicted = self.predicted(_mean_of(unlabelled, replicas))
        return _align(unlabelled, predicted, self.wanted(_mean_of(labelled, replicas)))


def _align(probabilities: tf.Tensor, predicted: tf.Tensor, wanted: tf.Tensor) -> tf.Tensor:
    """Rescales (batch, classes) from one distribution of classes to another.

    Source: distribution alignment of ReMixMatch (arXiv 1911.09785), section 3.1.
    """
    # A class that was never predicted must not become infinitely probable.
    return _distribution(probabilities * (wanted + 1e-6) / (predicted + 1e-6))


def _distribution(values: tf.Tensor) -> tf.Tensor:
    return tf.math.divide_no_nan(values, tf.reduce_sum(values, axis=-1, keepdims=True))


def _mean_of(batch: tf.Tensor, replicas: Replicas) -> tf.Tensor:
    """Mean over a batch; 0 where a training without unlabelled images has an empty one."""
    mean = tf.math.divide_no_nan(tf.reduce_sum(batch, axis=0), tf.cast(_length(batch), tf.float32))
    return replicas.mean(mean)


def _length(batch: tf.Tensor) -> tf.Tensor:
    """Images of a batch."""
    return tf.shape(batch)[0]


def _hard(probabilities: tf.Tensor) -> tf.Tensor:
    """1 for the most probable class, 0 for all others."""
    return tf.one_hot(tf.argmax(probabilities, axis=-1), probabilities.shape[-1])


def _kept(mask: tf.Tensor) -> tf.Tensor:
    return tf.cast(mask, tf.float32)


def _unbiased_variance(values: tf.Tensor, replicas: Replicas) -> tf.Tensor:
    """Zero for a single value."""
    deviations = values - _mean_of(values, replicas)
    others = replicas.share.whole(_length(values)) - 1
    return replicas.sum(tf.reduce_sum(deviations**2)) / tf.cast(tf.maximum(others, 1), tf.float32)


# Each is made of the number of classes and the threshold.
RULES: dict[str, Callable[[int, float], tf.Module]] = {
    "fixed": FixedThreshold,
    "softmatch": lambda num_classes, threshold: SoftMatch(num_classes),
    "freematch": lambda num_classes, threshold: FreeMatch(num_classes),
    "adamatch": AdaMatch,
    "soft": lambda num_classes, threshold: SoftLabels(num_classes),
}


def make_rule(name: str, num_classes: int, threshold: float) -> tf.Module:
    """Builds a pseudo-label rule by its name; not all have a use for the threshold.

    Raises:
        UserError: if there is none of that name; lists those there are.
    """
    if name not in RULES:
        raise UserError(
            f"unknown pseudo-label rule {name!r}; available: {', '.join(sorted(RULES))}"
        )
    return RULES[name](num_classes, threshold)
