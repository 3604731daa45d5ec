"""Tests of the resizing rule against its own description and TensorFlow."""

import numpy as np
import tensorflow as tf
from absl.testing import parameterized

from tests.tofa_tf.data.images import noise
from tofa_tf.data.resize import resize, resize_all


def _weights(side: int, size: int) -> np.ndarray:
    """The documented weights of `side` input pixels for `size` output pixels: (size, side)."""
    reach = max(1.0, side / size)
    centre = (np.arange(size)[:, np.newaxis] + 0.5) * side / size
    distance = np.abs(np.arange(side) + 0.5 - centre) / reach
    weights = np.maximum(1 - distance, 0)
    return weights / weights.sum(axis=1, keepdims=True)


def _round(values: np.ndarray) -> np.ndarray:
    return np.floor(values + 0.5)


class ResizeTest(tf.test.TestCase, parameterized.TestCase):
    @parameterized.parameters((8, 32), (32, 20), (50, 48), (96, 32), (33, 64))
    def test_follows_the_documented_rule(self, side, size):
        image = noise(1, side)[0]
        weights = _weights(side, size)
        along_rows = _round(np.einsum("xj,yjc->yxc", weights, image))
        expected = _round(np.einsum("yi,ixc->yxc", weights, along_rows))
        # The implementation computes in fixed point: a tie may fall to the other side. The passes
        # in the other order would agree on less than 0.8 of the values.
        self.assertAllClose(resize(image, size).astype(float), expected, rtol=0, atol=1)
        self.assertGreater((resize(image, size) == expected).mean(), 0.95)

    @parameterized.parameters((8, 32), (64, 24))
    def test_agrees_with_tensorflow(self, side, size):
        image = noise(1, side)[0]
        expected = tf.image.resize(image, [size, size], "bilinear", antialias=True)
        self.assertAllClose(resize(image, size).astype(float), expected, rtol=0, atol=1.01)

    def test_cuts_the_central_square(self):
        wide = noise(1, 40)[0][:21]
        square = wide[:, (40 - 21) // 2 :][:, :21]
        self.assertAllEqual(resize(wide, 16), resize(np.ascontiguousarray(square), 16))
        self.assertAllEqual(resize(wide, 21), square)
        tall = np.ascontiguousarray(wide.transpose(1, 0, 2))
        self.assertAllEqual(resize(tall, 21), square.transpose(1, 0, 2))

    def test_right_size_is_left_alone(self):
        image = noise(1, 32)[0]
        self.assertAllEqual(resize(image, 32), image)

    def test_all_images_by_the_same_rule(self):
        images = noise(3, 20)
        self.assertAllEqual(resize_all(images, 12), [resize(image, 12) for image in images])
        self.assertEqual(resize_all(images[:0], 12).shape, (0, 12, 12, 3))

    def test_one_channel(self):
        images = noise(3, 20)
        self.assertAllEqual(resize_all(images[..., :1], 12), resize_all(images, 12)[..., :1])


if __name__ == "__main__":
    tf.test.main()
