"""Stochastic gradient descent with Nesterov's momentum, one operation a variable."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf


class NesterovSGD(keras.optimizers.SGD):
    """Equals `keras.optimizers.SGD(momentum=..., nesterov=True)`, which takes a dozen operations.

    A supernet has hundreds of variables: the graph of an update is made in a third of the time.

    Args:
        learning_rate: a number or a schedule.
        momentum: share of the last change that is kept.
    """

    def __init__(self, learning_rate: Any, momentum: float, **kwargs: Any):
        super().__init__(learning_rate, momentum, nesterov=True, **kwargs)
        self._followed: list[keras.Variable] = []

    def build(self, variables: Sequence[keras.Variable]) -> None:
        """Makes a momentum for each variable."""
        super().build(variables)
        self._followed = list(variables)

    def apply(
        self,
        grads: Sequence[tf.Tensor],
        trainable_variables: Sequence[keras.Variable] | None = None,
    ) -> None:
        """Takes one step.

        Args:
            grads: dense, one for each variable that the optimizer was built for.
            trainable_variables: may name these variables again.
        """
        if not self.momentums:
            super().apply(grads, trainable_variables)
            return
        rate, kept = tf.convert_to_tensor(self.learning_rate), tf.constant(self.momentum)
        for gradient, variable, momentum in zip(grads, self._followed, self.momentums, strict=True):
            tf.raw_ops.ResourceApplyKerasMomentum(
                var=variable.value.handle,
                accum=momentum.value.handle,
                lr=rate,
                grad=gradient,
                momentum=kept,
                use_nesterov=True,
            )
        self.iterations.assign_add(1)
