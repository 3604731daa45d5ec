"""Rules that turn the max net's opinion of a weak view into a pseudo-label and its weight.

Adding a rule means adding a class here and one entry of `RULES`.
"""

from collections.abc import Callable

import tensorflow as tf

from tofa_tf.common.errors import UserError


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
        self, weak_logits: tf.Tensor, labelled_logits: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Labels a batch.

        Args:
            weak_logits: (batch, classes), the max net on the weak view.
            labelled_logits: (labelled batch, classes), the max net on the labelled images.

        Returns:
            Labels (batch,) int64 and weights (batch,) in 0..1.
        """
        probabilities = tf.nn.softmax(weak_logits)
        kept = tf.reduce_max(probabilities, axis=-1) >= self.threshold
        return tf.argmax(probabilities, axis=-1), tf.cast(kept, tf.float32)


class SoftMatch(tf.Module):
    """Weights every image by how far its confidence lies below the running mean: none is dropped.

    With m the largest probability after alignment to a uniform distribution, and mean and variance
    of m followed over batches: weight exp(-min(m - mean, 0)^2 * n^2 / (2 variance)), n = 2. The
    label is the most probable class before alignment.

    Source: SoftMatch (arXiv 2301.10921), section 3, as its authors' code has it: the running values
    see a batch before they are used on it.

    Args:
        num_classes: outputs of the classifier.
        decay: share of the old running values that a batch keeps.
    """

    def __init__(self, num_classes: int, decay: float = 0.999):
        super().__init__(name="softmatch")
        self.decay = decay
        self.mean = _state("mean", 1.0 / num_classes)
        self.variance = _state("variance", 1.0)
        self.predicted = _state("predicted", [1.0 / num_classes] * num_classes)

    def __call__(
        self, weak_logits: tf.Tensor, labelled_logits: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Labels a batch, see `FixedThreshold`."""
        probabilities = tf.nn.softmax(weak_logits)
        predicted = _follow(self.predicted, tf.reduce_mean(probabilities, axis=0), self.decay)
        uniform = tf.ones_like(predicted) / tf.cast(tf.size(predicted), tf.float32)
        confidence = tf.reduce_max(_align(probabilities, predicted, uniform), axis=-1)
        mean = _follow(self.mean, tf.reduce_mean(confidence), self.decay)
        variance = _follow(self.variance, _unbiased_variance(confidence), self.decay)
        below = tf.minimum(confidence - mean, 0.0)
        # n = 2: the Gaussian is as wide as two standard deviations make it.
        weights = tf.exp(-(below**2) * 2.0**2 / (2.0 * variance))
        return tf.argmax(probabilities, axis=-1), weights


class AdaMatch(tf.Module):
    """Threshold relative to the confidence on labelled images, after distribution alignment.

    The unlabelled predictions are rescaled so that, over time, classes are as frequent among them
    as among the predictions on labelled images; kept is what then reaches `threshold` times the
    mean confidence of the labelled batch.

    Source: AdaMatch (arXiv 2106.04732), section 3, without its random logit interpolation.

    Args:
        num_classes: outputs of the classifier.
        threshold: share of the labelled confidence that is kept.
        decay: share of the old running values that a batch keeps.
    """

    def __init__(self, num_classes: int, threshold: float = 0.95, decay: float = 0.999):
        super().__init__(name="adamatch")
        self.threshold = threshold
        self.decay = decay
        self.predicted = _state("predicted", [1.0 / num_classes] * num_classes)
        self.wanted = _state("wanted", [1.0 / num_classes] * num_classes)

    def __call__(
        self, weak_logits: tf.Tensor, labelled_logits: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Labels a batch, see `FixedThreshold`."""
        weak, labelled = tf.nn.softmax(weak_logits), tf.nn.softmax(labelled_logits)
        predicted = _follow(self.predicted, tf.reduce_mean(weak, axis=0), self.decay)
        wanted = _follow(self.wanted, tf.reduce_mean(labelled, axis=0), self.decay)
        aligned = _align(weak, predicted, wanted)
        least = self.threshold * tf.reduce_mean(tf.reduce_max(labelled, axis=-1))
        kept = tf.reduce_max(aligned, axis=-1) >= least
        return tf.argmax(aligned, axis=-1), tf.cast(kept, tf.float32)


def _state(name: str, value: float | list[float]) -> tf.Variable:
    return tf.Variable(value, trainable=False, name=name, dtype=tf.float32)


def _follow(running: tf.Variable, batch: tf.Tensor, decay: float) -> tf.Tensor:
    """Moves an exponential average towards the value of a batch and returns it."""
    updated = decay * running + (1.0 - decay) * batch
    running.assign(updated)
    return updated


def _align(probabilities: tf.Tensor, predicted: tf.Tensor, wanted: tf.Tensor) -> tf.Tensor:
    """Rescales (batch, classes) from one distribution of classes to another.

    Source: distribution alignment of ReMixMatch (arXiv 1911.09785), section 3.1.
    """
    # A class that was never predicted must not become infinitely probable.
    ratio = (wanted + 1e-6) / (predicted + 1e-6)
    aligned = probabilities * ratio
    return aligned / tf.reduce_sum(aligned, axis=-1, keepdims=True)


def _unbiased_variance(values: tf.Tensor) -> tf.Tensor:
    """Zero for a single value."""
    deviations = values - tf.reduce_mean(values)
    return tf.reduce_sum(deviations**2) / tf.cast(tf.maximum(tf.size(values) - 1, 1), tf.float32)


# Each is made of the number of classes and the threshold.
RULES: dict[str, Callable[[int, float], tf.Module]] = {
    "fixed": FixedThreshold,
    "softmatch": lambda num_classes, threshold: SoftMatch(num_classes),
    "adamatch": AdaMatch,
}


def make_rule(name: str, num_classes: int, threshold: float) -> tf.Module:
    """Builds a pseudo-label rule by its name; SoftMatch has no use for the threshold.

    Raises:
        UserError: if there is none of that name; lists those there are.
    """
    if name not in RULES:
        raise UserError(
            f"unknown pseudo-label rule {name!r}; available: {', '.join(sorted(RULES))}"
        )
    return RULES[name](num_classes, threshold)
