from unittest import mock

import numpy as np
import tensorflow as tf

from tofa_tf.training import surroundings as module
from tofa_tf.training.class_ratios import class_ratios
from tofa_tf.training.surroundings import surroundings

_DIMENSIONS = 8


def _area(foreign: np.ndarray, own: np.ndarray) -> float:
    """Share of pairs in which the foreign image looks more foreign."""
    return float(np.mean(foreign[:, np.newaxis] > own))


class SurroundingsTest(tf.test.TestCase):
    def setUp(self):
        super().setUp()
        generator = np.random.default_rng(0)
        # Each class has six looks, which no single Gaussian describes.
        looks = generator.normal(0, 2, (24, _DIMENSIONS))

        def images_of(label: int, count: int) -> np.ndarray:
            shown = looks[label::4][generator.integers(0, 6, count)]
            return shown + generator.normal(0, 0.7, (count, _DIMENSIONS))

        self.labels = np.repeat([0, 1], 20)
        self.labelled = np.concatenate([images_of(label, 20) for label in (0, 1)])
        # The first 600 are of the labelled classes, the others of two that are not.
        self.images = np.concatenate([images_of(label, 300) for label in range(4)])

    def test_what_is_around_an_image_tells_more_than_the_image_alone(self):
        alone, _ = class_ratios(self.images, self.labelled, self.labels)
        seen, _ = surroundings(self.images, self.labelled, self.labels)
        together = _area(seen[600:], seen[:600])
        self.assertGreater(together, _area(alone[600:], alone[:600]) + 0.1)

    def test_labelled_images_look_as_they_would_without_their_label(self):
        seen, expected = surroundings(self.images, self.labelled, self.labels)
        self.assertAllClose(np.mean(expected), np.mean(seen[:600]), atol=0.15)
        self.assertLess(np.mean(expected), np.mean(seen[600:]) - 0.3)

    def test_many_images_are_looked_at_in_parts(self):
        whole, expected = surroundings(self.images, self.labelled, self.labels)
        with mock.patch.object(module, "_AT_ONCE", 400):
            seen, of_parts = surroundings(self.images, self.labelled, self.labels)
        self.assertAllClose(expected, of_parts, atol=0.3)
        self.assertGreater(np.corrcoef(whole, seen)[0, 1], 0.9)

    def test_few_labels(self):
        seen, expected = surroundings(self.images, self.labelled[[0, 20]], np.array([0, 1]))
        self.assertAllEqual(np.isfinite(seen), np.ones_like(seen, bool))
        self.assertAllEqual(np.isfinite(expected), [True, True])
        _, expected = surroundings(self.images, self.labelled[:1], np.array([0]))
        self.assertAllEqual(expected, [np.inf])

    def test_equal_images_look_alike(self):
        seen, expected = surroundings(np.ones((5, 3)), np.ones((4, 3)), np.array([0, 0, 1, 1]))
        self.assertAllClose(seen, np.full(5, seen[0]))
        self.assertAllEqual(np.isfinite(expected), [True] * 4)


if __name__ == "__main__":
    tf.test.main()
