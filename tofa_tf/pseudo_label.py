"""Rules that turn the max net's opinion of a weak view into a pseudo-label and its weight.

Adding a rule means adding a class here and one entry of `RULES`.
"""

from collections.abc import Callable

import tensorflow as tf

from tofa_tf.errors import UserError


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


RULES: dict[str, Callable[..., tf.Module]] = {"fixed": FixedThreshold}


def make_rule(name: str, num_classes: int, threshold: float) -> tf.Module:
    """Builds a pseudo-label rule by its name.

    Raises:
        UserError: if there is none of that name; lists those there are.
    """
    if name not in RULES:
        raise UserError(
            f"unknown pseudo-label rule {name!r}; available: {', '.join(sorted(RULES))}"
        )
    return RULES[name](num_classes, threshold)
