"""Tests of normalisation."""

import numpy as np
import tensorflow as tf

from tofa_tf.data.normalize import normalize


class NormalizeTest(tf.test.TestCase):
    def test_hand_made_values(self):
        images = np.array([[[[0, 100, 255], [10, 120, 5]]]], np.uint8)
        expected = [[[[-1.0, 0.0, 1.275], [-0.9, 0.5, 0.025]]]]
        for given in (images, tf.constant(images)):
            normalized = normalize(given, mean=(100, 100, 0), std=(100, 40, 200))
            self.assertIsInstance(normalized, np.ndarray if given is images else tf.Tensor)
            self.assertDTypeEqual(normalized, np.float32)
            self.assertAllClose(normalized, expected)

    def test_inside_a_graph(self):
        images = np.arange(48, dtype=np.uint8).reshape(1, 4, 4, 3)
        compiled = tf.function(lambda images: normalize(images, (1, 2, 3), (4, 5, 6)))
        self.assertAllClose(compiled(images), normalize(images, (1, 2, 3), (4, 5, 6)))


if __name__ == "__main__":
    tf.test.main()
