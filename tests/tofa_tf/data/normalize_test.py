"""Tests of normalisation."""

import numpy as np
import tensorflow as tf

from tests.tofa_tf.data.images import noise
from tflite_export.preprocess import normalise
from tofa_tf.data.normalize import normalize

_MEAN, _STD = (100.0, 100.0, 0.0), (100.0, 40.0, 200.0)


class NormalizeTest(tf.test.TestCase):
    def test_hand_made_values(self):
        images = tf.constant([[[[0, 100, 255], [10, 120, 5]]]], tf.uint8)
        normalized = normalize(images, _MEAN, _STD)
        self.assertDTypeEqual(normalized, np.float32)
        self.assertAllClose(normalized, [[[[-1.0, 0.0, 1.275], [-0.9, 0.5, 0.025]]]])

    def test_is_the_rule_of_the_export(self):
        images = noise(4, 16)
        expected = normalise(images, _MEAN, _STD)
        self.assertAllEqual(normalize(tf.constant(images), _MEAN, _STD), expected)
        # In a graph TensorFlow may multiply by the reciprocal instead.
        compiled = tf.function(lambda images: normalize(images, _MEAN, _STD))
        self.assertAllClose(compiled(images), expected, rtol=1e-6, atol=1e-6)

    def test_values_for_other_channels(self):
        with self.assertRaisesRegex(ValueError, "images have 1 channels, mean 3 and std 3"):
            normalize(tf.constant(noise(2, 4)[..., :1]), _MEAN, _STD)


if __name__ == "__main__":
    tf.test.main()
