import numpy as np
import tensorflow as tf
from absl.testing import parameterized

from tofa_tf.common.errors import UserError
from tofa_tf.training import losses
from tofa_tf.training.settings import UnifiedLoss

GENERATOR = np.random.default_rng(66)
TEACHER = GENERATOR.normal(0.0, 2.0, (6, 5)).astype(np.float32)
STUDENT = GENERATOR.normal(0.0, 2.0, (6, 5)).astype(np.float32)


def _softmax(x: np.ndarray) -> np.ndarray:
    e = np.exp(x.astype(np.float64) - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def _numpy_alpha(p: np.ndarray, q: np.ndarray, alpha: float, clip: float):
    """Value per sample, and gradient of the surrogate with respect to the student's logits."""
    r = p / q
    if alpha == 1.0:
        value, rho = q * r * np.log(r), r
    elif alpha == 0.0:
        r = np.minimum(r, clip)
        value, rho = -q * np.log(r), np.log(r) - 1.0
    else:
        w = np.minimum(r**alpha, clip)
        value, rho = q * (w - 1.0) / (alpha * (alpha - 1.0)), w / alpha
    weight = q * rho
    # d/dz of -sum_c weight_c log softmax(z)_c.
    gradient = q * weight.sum(-1, keepdims=True) - weight
    return value.sum(-1), gradient


class LossesTest(tf.test.TestCase, parameterized.TestCase):
    def test_pseudo_label_loss_is_a_mean_over_all_samples(self):
        logits = np.log(np.array([[0.5, 0.5], [0.25, 0.75], [0.1, 0.9]], np.float32))
        targets = np.array([[1.0, 0.0], [1.0, 0.0], [0.2, 0.8]], np.float32)
        loss = losses.pseudo_label_loss(targets, np.array([1.0, 0.0, 0.5], np.float32), logits)
        expected = (-np.log(0.5) - 0.5 * (0.2 * np.log(0.1) + 0.8 * np.log(0.9))) / 3
        self.assertAllClose(loss, expected)

    def test_soft_labels_of_a_teacher_count_fully(self):
        logits = np.log(np.array([[0.5, 0.5], [0.1, 0.9]], np.float32))
        soft = np.array([[0.75, 0.25], [0.2, 0.8]], np.float32)
        expected = (-np.log(0.5) - 0.2 * np.log(0.1) - 0.8 * np.log(0.9)) / 2
        self.assertAllClose(losses.soft_label_loss(soft, logits), expected)

    def test_kl_equals_the_formula(self):
        p, q = _softmax(TEACHER), _softmax(STUDENT)
        expected = (p * np.log(p / q)).sum(-1).mean()
        self.assertAllClose(losses.kl_distillation(TEACHER, STUDENT), expected, rtol=1e-5)

    @parameterized.parameters(*((name,) for name in losses.DISTILLATIONS))
    def test_a_perfect_student_has_no_loss_and_no_gradient(self, name):
        student = tf.constant(TEACHER)
        with tf.GradientTape() as tape:
            tape.watch(student)
            loss = losses.DISTILLATIONS[name](TEACHER, student)
        self.assertAllClose(loss, 0.0, atol=1e-6)
        self.assertAllClose(tape.gradient(loss, student), np.zeros_like(TEACHER), atol=1e-6)

    @parameterized.parameters(*((name,) for name in losses.DISTILLATIONS))
    def test_no_gradient_reaches_the_teacher(self, name):
        teacher = tf.constant(TEACHER)
        with tf.GradientTape() as tape:
            tape.watch(teacher)
            loss = losses.DISTILLATIONS[name](teacher, STUDENT)
        gradient = tape.gradient(loss, teacher)
        self.assertAllClose(0.0 if gradient is None else gradient, np.zeros(()), atol=0)

    @parameterized.product(alpha_min=(-1.0, -0.5, 0.0), alpha_max=(0.5, 1.0), clip=(5.0, 1.5))
    def test_adaptive_alpha_equals_numpy(self, alpha_min, alpha_max, clip):
        p, q = _softmax(TEACHER), _softmax(STUDENT)
        low, low_gradient = _numpy_alpha(p, q, alpha_min, clip)
        high, high_gradient = _numpy_alpha(p, q, alpha_max, clip)
        use_low = low > high
        student = tf.constant(STUDENT)
        with tf.GradientTape() as tape:
            tape.watch(student)
            loss = losses.adaptive_alpha_distillation(TEACHER, student, alpha_min, alpha_max, clip)
        self.assertAllClose(loss, np.where(use_low, low, high).mean(), rtol=1e-4)
        expected = np.where(use_low[:, None], low_gradient, high_gradient) / len(p)
        self.assertAllClose(tape.gradient(loss, student), expected, rtol=1e-4, atol=1e-6)

    def test_alpha_one_is_kl(self):
        loss = losses.adaptive_alpha_distillation(TEACHER, STUDENT, 1.0, 1.0)
        self.assertAllClose(loss, losses.kl_distillation(TEACHER, STUDENT), rtol=1e-5)

    def test_stays_finite_for_very_sure_nets(self):
        student = tf.constant([[80.0, -80.0, 0.0]])
        for loss in losses.DISTILLATIONS.values():
            with tf.GradientTape() as tape:
                tape.watch(student)
                value = loss(tf.constant([[-80.0, 80.0, 0.0]]), student)
            self.assertTrue(np.isfinite(value))
            self.assertTrue(np.all(np.isfinite(tape.gradient(value, student))))

    def test_unknown_distillation_lists_the_known(self):
        with self.assertRaisesRegex(UserError, "distillation is 'kd': available: alpha, kl"):
            UnifiedLoss(distillation="kd")


if __name__ == "__main__":
    tf.test.main()
