"""Tests of the embedded digits."""

import numpy as np
import tensorflow as tf
from sklearn.datasets import load_digits

from tofa_tf.data import digits


class DigitsTest(tf.test.TestCase):
    def test_same_pixels_at_the_original_size(self):
        source, original = digits.load((8,), 3), load_digits()
        self.assertEqual(source.train.images.shape, (1797, 8, 8, 3))
        for channel in range(3):
            values = source.train.images[..., channel]
            self.assertAllClose(values / 255, original.images / 16, atol=0.5 / 255 + 1e-9)
        self.assertAllEqual(source.train.labels, original.target)
        self.assertEqual(source.class_names, tuple("0123456789"))

    def test_one_channel(self):
        self.assertAllEqual(
            digits.load((8,), 1).train.images, digits.load((8,), 3).train.images[..., :1]
        )

    def test_enlarged(self):
        source = digits.load((32,), 3)
        self.assertEqual(source.train.images.shape, (1797, 32, 32, 3))
        self.assertDTypeEqual(source.train.images, np.uint8)
        self.assertDTypeEqual(source.train.labels, np.int32)
        expected = tf.image.resize(digits.load((8,), 3).train.images[:50], [32, 32], "bilinear")
        self.assertAllClose(source.train.images[:50].astype(float), expected, rtol=0, atol=1.01)


if __name__ == "__main__":
    tf.test.main()
