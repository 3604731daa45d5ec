import keras
import numpy as np
import tensorflow as tf
import tf_keras
from absl.testing import parameterized

from tofa_tf.nets.recalibrate import recalibrate


def _images(count: int) -> np.ndarray:
    generator = np.random.default_rng(66)
    return generator.normal(3.0, 2.0, (count, 4, 4, 3)).astype(np.float32)


class RecalibrateTest(tf.test.TestCase, parameterized.TestCase):
    @parameterized.parameters((keras,), (tf_keras,))
    def test_statistics_become_those_of_the_batch(self, keras_module):
        layers = keras_module.layers
        model = keras_module.Sequential(
            [
                layers.Input((4, 4, 3)),
                layers.BatchNormalization(momentum=0.99),
                layers.ReLU(),
                layers.BatchNormalization(momentum=0.9, epsilon=1e-5),
            ]
        )
        images = _images(50)
        recalibrate(model, images)
        first, _, second = model.layers
        mean, variance = images.mean((0, 1, 2)), images.var((0, 1, 2))
        self.assertAllClose(first.moving_mean, mean, rtol=1e-5)
        # The 800 values of a channel: biased and unbiased variance differ by one part in 800.
        self.assertAllClose(first.moving_variance, variance, rtol=1.3e-3)
        hidden = np.maximum((images - mean) / np.sqrt(variance + 1e-3), 0.0)
        self.assertAllClose(second.moving_mean, hidden.mean((0, 1, 2)), rtol=1e-3)
        self.assertAllClose(second.moving_variance, hidden.var((0, 1, 2)), rtol=3e-3)
        self.assertEqual((first.momentum, second.momentum), (0.99, 0.9))

    def test_nothing_but_the_statistics_changes(self):
        layers = keras.layers
        model = keras.Sequential(
            [layers.Input((4, 4, 3)), layers.Conv2D(5, 3), layers.BatchNormalization()]
        )
        before = [weight.numpy() for weight in model.trainable_weights]
        recalibrate(model, _images(8))
        for weight, value in zip(model.trainable_weights, before, strict=True):
            self.assertAllEqual(weight, value)
        moved = [np.ptp(weight) > 0 for weight in model.non_trainable_weights]
        self.assertEqual(moved, [True, True])

    def test_a_batch_that_does_not_fit_leaves_the_momentum(self):
        layers = keras.layers
        model = keras.Sequential(
            [layers.Input((4, 4, 3)), layers.BatchNormalization(momentum=0.9), layers.Dense(2)]
        )
        with self.assertRaises(ValueError):
            recalibrate(model, np.zeros((2, 4, 4, 1), np.float32))
        self.assertEqual(model.layers[0].momentum, 0.9)

    def test_many_models_are_no_reason_for_warnings(self):
        with self.assertNoLogs("tensorflow"):
            for units in range(2, 9):
                layers = [keras.layers.Dense(units), keras.layers.BatchNormalization()]
                model = keras.Sequential([keras.layers.Input((3,)), *layers])
                recalibrate(model, np.ones((4, 3), np.float32))


if __name__ == "__main__":
    tf.test.main()
