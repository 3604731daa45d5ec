"""Running means over batches that start from the first batch, not from a guess."""

import tensorflow as tf


class RunningMean(tf.Module):
    """An exponential mean without the bias of its start (as in Adam, arXiv 1412.6980, section 3).

    After the first batch it is that batch's value, after few batches nearly their plain mean.

    Args:
        shape: of the value.
        decay: share of the old mean that a batch keeps, once there is one.
    """

    def __init__(self, name: str, shape: tuple[int, ...], decay: float):
        super().__init__(name=name)
        self.decay = decay
        self.total = tf.Variable(tf.zeros(shape), trainable=False, name=f"{name}_total")
        self.weight = tf.Variable(0.0, trainable=False, name=f"{name}_weight")

    def __call__(self, batch: tf.Tensor) -> tf.Tensor:
        """Takes the value of a batch in and returns the mean with it."""
        total = self.decay * self.total + (1.0 - self.decay) * batch
        weight = self.decay * self.weight + (1.0 - self.decay)
        self.total.assign(total)
        self.weight.assign(weight)
        return total / weight

    @property
    def value(self) -> tf.Tensor:
        """The mean so far; 0 before the first batch."""
        return tf.math.divide_no_nan(tf.convert_to_tensor(self.total), self.weight)
