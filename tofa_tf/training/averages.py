"""The moving average of the weights, which is what gets deployed."""

import contextlib
from collections.abc import Iterator, Sequence

import keras
import tensorflow as tf


class WeightAverages(tf.Module):
    """Follows variables; the memory is short at first and never longer than `decay` allows.

    Args:
        variables: to follow; their present values are the first average.
        decay: share of the old average that a step keeps, once its warm-up is over.
    """

    def __init__(self, variables: Sequence[keras.Variable], decay: float):
        super().__init__(name="averages")
        self.decay = decay
        self.followed = list(variables)
        self.averages = [
            tf.Variable(variable, trainable=False, name=f"ema/{variable.path}")
            for variable in variables
        ]

    def follow(self, step: tf.Tensor) -> None:
        """Takes the present values in.

        Args:
            step: number of the step, from 0.
        """
        step = tf.cast(step, tf.float32)
        # The average of a short run must not remember its start: the decay warms up.
        forgotten = 1.0 - tf.minimum(self.decay, (1.0 + step) / (10.0 + step))
        for average, variable in zip(self.averages, self.followed, strict=True):
            average.assign_sub(forgotten * (average - tf.convert_to_tensor(variable)))

    def restart(self) -> None:
        """Takes the present values for the average."""
        for average, variable in zip(self.averages, self.followed, strict=True):
            average.assign(variable)

    @contextlib.contextmanager
    def in_use(self) -> Iterator[None]:
        """Puts the averages into the variables for a while."""
        kept = [tf.identity(variable) for variable in self.followed]
        self.use()
        try:
            yield
        finally:
            for variable, value in zip(self.followed, kept, strict=True):
                variable.assign(value)

    def use(self) -> None:
        """Puts the averages into the variables."""
        for average, variable in zip(self.averages, self.followed, strict=True):
            variable.assign(average)
