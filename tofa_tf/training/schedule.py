"""The learning-rate schedule."""

import math

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable(package="tofa_tf")
class CosineToZero(keras.optimizers.schedules.LearningRateSchedule):
    """Half a cosine from the peak to 0, behind a linear warm-up (AlphaNet, arXiv 2102.07954).

    FixMatch stops at 19.5 % of the peak instead, for its trainings of a million steps: a short one
    that starts from pre-trained weights would end with all the noise of that rate.

    Args:
        peak: learning rate before the decay.
        total_steps: steps after which the rate is 0.
        warmup_steps: steps over which the rate rises linearly to the schedule.
    """

    def __init__(self, peak: float, total_steps: int, warmup_steps: int = 0):
        self.peak = peak
        self.total_steps = total_steps
        self.warmup_steps = warmup_steps

    def __call__(self, step: tf.Tensor | int) -> tf.Tensor:
        """Returns the learning rate of a step, counted from 0."""
        step = tf.cast(step, tf.float32)
        done = tf.minimum(1.0, step / self.total_steps)
        rate = self.peak * 0.5 * (1.0 + tf.cos(math.pi * done))
        if self.warmup_steps:
            rate *= tf.minimum(1.0, (step + 1.0) / self.warmup_steps)
        return rate

    def get_config(self) -> dict[str, float | int]:
        """Returns the arguments of the constructor, for Keras to save."""
        return {
            "peak": self.peak,
            "total_steps": self.total_steps,
            "warmup_steps": self.warmup_steps,
        }
