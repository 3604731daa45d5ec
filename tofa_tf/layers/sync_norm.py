"""Batch norm over a batch that several processes share: its statistics are those of all of it."""

from collections.abc import Callable

import tensorflow as tf

from tofa_tf.distribute.replicas import Replicas


def sync_batch_norm(
    x: tf.Tensor,
    gamma: tf.Tensor,
    beta: tf.Tensor,
    epsilon: float,
    max_channels: int,
    replicas: Replicas,
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Normalises with the statistics of the whole batch, as one process would.

    Source: of the gradient, batch normalisation (arXiv 1502.03167, section 3), its sums taken over
    all processes.

    Args:
        x: (share of the batch, height, width, channels).
        gamma: (channels,).
        beta: (channels,).
        epsilon: added to the variance.
        max_channels: most channels that a call may have.
        replicas: that share the batch equally.

    Returns:
        What leaves the layer; mean and biased variance (channels,), which pass no gradient.
    """
    # By the deviations from each process's own mean: squares of large values would cancel.
    own = tf.stack(tf.nn.moments(tf.cast(tf.stop_gradient(x), gamma.dtype), axes=(0, 1, 2)))
    means, variances = tf.unstack(_gather(own, max_channels, replicas), axis=1)
    mean = tf.reduce_mean(means, axis=0)
    variance = tf.reduce_mean(variances + tf.math.squared_difference(means, mean), axis=0)

    @tf.custom_gradient
    def normalise(
        x: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor
    ) -> tuple[tf.Tensor, Callable[[tf.Tensor], tuple[tf.Tensor, ...]]]:
        y, _, _ = tf.compat.v1.nn.fused_batch_norm(
            x, gamma, beta, mean, variance, epsilon, is_training=False
        )

        def gradient(dy: tf.Tensor) -> tuple[tf.Tensor, ...]:
            fixed = tf.raw_ops.FusedBatchNormGradV3(
                y_backprop=dy,
                x=x,
                scale=gamma,
                reserve_space_1=mean,
                reserve_space_2=variance,
                reserve_space_3=variance,
                epsilon=epsilon,
                is_training=False,
            )
            dgamma, dbeta = fixed.scale_backprop, fixed.offset_backprop
            # The statistics depend on x too, that of all processes.
            values = tf.cast(tf.size(x) // tf.shape(x)[-1], gamma.dtype)
            of_all = _gather(tf.stack([dgamma, dbeta]), max_channels, replicas)
            mean_dgamma, mean_dbeta = tf.unstack(tf.reduce_mean(of_all, axis=0) / values)
            inverse = tf.math.rsqrt(variance + epsilon)
            normalised = (tf.cast(x, gamma.dtype) - mean) * inverse
            through_statistics = gamma * inverse * (mean_dbeta + normalised * mean_dgamma)
            dx = fixed.x_backprop - tf.cast(through_statistics, x.dtype)
            return dx, dgamma, dbeta

        return y, gradient

    return normalise(x, gamma, beta), mean, variance


def _gather(own: tf.Tensor, max_channels: int, replicas: Replicas) -> tf.Tensor:
    """Returns what all processes have: (count, 2, channels) of (2, channels)."""
    channels = tf.shape(own)[-1]
    # One collective op exchanges values of one shape, whatever the subnet.
    padded = tf.pad(own, [[0, 0], [0, max_channels - channels]])
    return replicas.gather(tf.ensure_shape(padded, [2, max_channels]))[..., :channels]
