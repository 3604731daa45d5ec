import numpy as np
import tensorflow as tf
from absl.testing import parameterized

from tofa_tf.teacher.head import fit_head


def _clouds(count: int, spread: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    centres = np.random.default_rng(9).normal(size=(4, 30))
    labels = np.arange(count) % 4
    noise = spread * generator.normal(size=(count, 30))
    return (centres[labels] + noise).astype(np.float32), labels


class TeacherHeadTest(tf.test.TestCase, parameterized.TestCase):
    @parameterized.parameters(1.5, 3.0, 5.0)
    def test_is_as_sure_as_it_is_right(self, spread):
        head = fit_head(*_clouds(120, spread, seed=0), num_classes=4)
        features, labels = _clouds(4000, spread, seed=1)
        probabilities = head.probabilities(features)
        self.assertAllClose(probabilities.sum(axis=1), np.ones(4000))
        accuracy = np.mean(probabilities.argmax(axis=1) == labels)
        self.assertAllClose(probabilities.max(axis=1).mean(), accuracy, atol=0.08)
        self.assertAllClose(head.left_out_accuracy, accuracy, atol=0.1)
        # The whole range from chance to certainty is tried.
        self.assertBetween(accuracy, 0.4, 0.99)

    def test_one_label_a_class_says_nothing_of_confidence(self):
        features, labels = _clouds(4, 0.3, seed=0)
        head = fit_head(features, labels, num_classes=4)
        self.assertTrue(np.isnan(head.left_out_accuracy))
        probabilities = head.probabilities(features)
        self.assertAllEqual(probabilities.argmax(axis=1), labels)
        self.assertLess(probabilities.max(), 0.999)

    def test_classes_without_labels_do_no_harm(self):
        head = fit_head(*_clouds(12, 0.3, seed=0), num_classes=6)
        self.assertEqual(head.probabilities(_clouds(8, 0.3, seed=1)[0]).shape, (8, 6))


if __name__ == "__main__":
    tf.test.main()
