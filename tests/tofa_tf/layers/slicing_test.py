"""Cuts of weights against numpy's own."""

import numpy as np
import tensorflow as tf
from absl.testing import parameterized

from tofa_tf.layers.slicing import centre_crop, cut_channels, cut_depthwise, cut_vector

_RNG = np.random.default_rng(25)
_KERNEL = _RNG.normal(size=(3, 3, 6, 5)).astype(np.float32)
_DEPTHWISE = _RNG.normal(size=(7, 7, 6, 1)).astype(np.float32)


def _cut_and_gradient(cut, whole: np.ndarray, sizes: tuple[int, ...], opened: bool):
    """What is cut, and where the gradient of its sum arrives."""

    def both(*sizes):
        weights = tf.constant(whole)
        with tf.GradientTape() as tape:
            tape.watch(weights)
            found = cut(weights, *sizes)
        return found, tape.gradient(found, weights)

    if opened:
        graph = tf.function(both, autograph=False)
        sizes = tuple(tf.constant(size) for size in sizes)
        return [each.numpy() for each in graph(*sizes)]
    return [each.numpy() for each in both(*sizes)]


@parameterized.parameters(False, True)
class SlicingTest(tf.test.TestCase, parameterized.TestCase):
    def _check(self, cut, whole, sizes, expected, opened):
        found, gradient = _cut_and_gradient(cut, whole, sizes, opened)
        self.assertAllEqual(found, whole[expected])
        reached = np.zeros_like(whole)
        reached[expected] = 1.0
        self.assertAllEqual(gradient, reached)

    def test_first_channels_of_a_kernel(self, opened):
        for sizes in ((4, 3), (6, 2), (1, 5), (6, 5)):
            expected = np.s_[:, :, : sizes[0], : sizes[1]]
            self._check(cut_channels, _KERNEL, sizes, expected, opened)

    def test_first_channels_of_a_dense_kernel(self, opened):
        self._check(cut_channels, _KERNEL[0, 0], (4, 5), np.s_[:4, :5], opened)

    def test_first_entries_of_a_vector(self, opened):
        for length in (1, 4, 5):
            self._check(cut_vector, _KERNEL[0, 0, 0], (length,), np.s_[:length], opened)

    def test_centre_and_first_channels_of_a_depthwise_kernel(self, opened):
        for size, channels in ((3, 4), (5, 6), (7, 2), (7, 6), (1, 1)):
            edge = (7 - size) // 2
            expected = np.s_[edge : 7 - edge, edge : 7 - edge, :channels]
            self._check(cut_depthwise, _DEPTHWISE, (size, channels), expected, opened)

    def test_centre_alone(self, opened):
        self._check(centre_crop, _DEPTHWISE, (5,), np.s_[1:6, 1:6], opened)


if __name__ == "__main__":
    tf.test.main()
