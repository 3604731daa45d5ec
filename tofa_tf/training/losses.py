"""The unified semi-supervised loss: labels, pseudo-labels, distillation between subnets.

All functions are pure, take logits of shape (batch, classes) and return a scalar mean.
"""

from collections.abc import Callable

import tensorflow as tf


def cross_entropy(labels: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """Mean cross-entropy with integer labels."""
    return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))


def pseudo_label_loss(
    targets: tf.Tensor, weights: tf.Tensor, strong_logits: tf.Tensor
) -> tf.Tensor:
    """Cross-entropy of the strong view against pseudo-labels.

    The mean is over all samples, not over those kept: dividing by the number kept would be another
    algorithm (FixMatch, arXiv 2001.07685, equation 4).

    Args:
        targets: (batch, classes), probabilities; 1 for its class where a pseudo-label is hard.
        weights: (batch,), 0 to 1: how much each one is trusted.
    """
    entropy = tf.nn.softmax_cross_entropy_with_logits(targets, strong_logits)
    # A training without unlabelled images has none to take a mean over.
    return tf.math.divide_no_nan(
        tf.reduce_sum(weights * entropy), tf.cast(tf.size(entropy), entropy.dtype)
    )


def soft_label_loss(probabilities: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """Cross-entropy with the probabilities that a teacher gives, (batch, classes)."""
    trust = tf.ones(tf.shape(probabilities)[:1], logits.dtype)
    return pseudo_label_loss(probabilities, trust, logits)


def kl_distillation(teacher_logits: tf.Tensor, student_logits: tf.Tensor) -> tf.Tensor:
    """KL divergence of the student from the teacher, KL(teacher || student).

    Source: in-place distillation of AttentiveNAS (arXiv 2011.09011), temperature 1.
    """
    teacher = tf.stop_gradient(tf.nn.log_softmax(teacher_logits))
    student = tf.nn.log_softmax(student_logits)
    return tf.reduce_mean(tf.reduce_sum(tf.exp(teacher) * (teacher - student), axis=-1))


def adaptive_alpha_distillation(
    teacher_logits: tf.Tensor,
    student_logits: tf.Tensor,
    alpha_min: float = -1.0,
    alpha_max: float = 1.0,
    clip: float = 5.0,
) -> tf.Tensor:
    """Per sample the larger of two alpha-divergences of the student from the teacher.

    The value is the divergence; its gradient is AlphaNet's surrogate, in which the importance
    ratio is clipped and passes no gradient (AlphaNet, arXiv 2102.07954, equations 4 to 8).

    Args:
        alpha_min: penalises a student that is surer than its teacher.
        alpha_max: penalises a student that misses what its teacher sees; 1 is KL.
        clip: upper bound of the importance ratio to the power of alpha, except at alpha 1.
    """
    low_value, low_surrogate = _alpha_divergence(teacher_logits, student_logits, alpha_min, clip)
    high_value, high_surrogate = _alpha_divergence(teacher_logits, student_logits, alpha_max, clip)
    use_low = low_value > high_value
    value = tf.where(use_low, low_value, high_value)
    surrogate = tf.where(use_low, low_surrogate, high_surrogate)
    return tf.reduce_mean(tf.stop_gradient(value - surrogate) + surrogate)


def _alpha_divergence(
    teacher_logits: tf.Tensor, student_logits: tf.Tensor, alpha: float, clip: float
) -> tuple[tf.Tensor, tf.Tensor]:
    """Value of the alpha-divergence per sample, and the surrogate that carries its gradient."""
    log_teacher = tf.stop_gradient(tf.nn.log_softmax(teacher_logits))
    log_student = tf.nn.log_softmax(student_logits)
    student = tf.stop_gradient(tf.exp(log_student))
    log_ratio = log_teacher - tf.stop_gradient(log_student)
    if alpha == 1.0:
        # The student times the unclipped ratio is the teacher; the ratio itself may overflow.
        weighted = tf.exp(log_teacher)
        value = weighted * log_ratio
    elif alpha == 0.0:
        log_ratio = tf.minimum(log_ratio, tf.math.log(clip))
        value, weighted = -student * log_ratio, student * (log_ratio - 1.0)
    else:
        powered = tf.exp(tf.minimum(alpha * log_ratio, tf.math.log(clip)))
        value = student * (powered - 1.0) / (alpha * (alpha - 1.0))
        weighted = student * powered / alpha
    surrogate = -tf.stop_gradient(weighted) * log_student
    return tf.reduce_sum(value, axis=-1), tf.reduce_sum(surrogate, axis=-1)


DISTILLATIONS: dict[str, Callable[[tf.Tensor, tf.Tensor], tf.Tensor]] = {
    "alpha": adaptive_alpha_distillation,
    "kl": kl_distillation,
}
