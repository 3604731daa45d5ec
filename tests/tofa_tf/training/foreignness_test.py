import numpy as np
import tensorflow as tf

from tofa_tf.training.foreignness import (
    count_foreign,
    distances_among,
    foreign_images,
    nearest_distances,
)

_DIMENSIONS = 8


def _rows(generator: np.random.Generator, mean: np.ndarray, count: int) -> np.ndarray:
    return mean + generator.normal(0, 1, (count, _DIMENSIONS))


class ForeignnessTest(tf.test.TestCase):
    def setUp(self):
        super().setUp()
        self.generator = np.random.default_rng(0)
        # Two classes, each along an axis of its own.
        self.means = 2.0 * np.eye(_DIMENSIONS)[[0, 1]]
        self.labels = np.repeat([0, 1], 60)
        self.labelled = np.concatenate([_rows(self.generator, mean, 60) for mean in self.means])
        self.own = np.concatenate([_rows(self.generator, mean, 500) for mean in self.means])

    def test_images_of_other_classes_are_found_though_they_are_no_farther(self):
        strange = _rows(self.generator, 2.0 * np.eye(_DIMENSIONS)[2], 500)
        images = np.append(self.own, strange, axis=0)
        found = foreign_images(images, self.labelled, self.labels)
        caught = np.sum(found >= 1000)
        self.assertGreater(caught, 400)
        self.assertLess(len(found) - caught, 200)
        # Distance alone would have taken many fewer among as many.
        farthest = np.argsort(-nearest_distances(images, self.labelled))[: len(found)]
        self.assertLess(np.sum(farthest >= 1000), caught - 50)

    def test_images_like_nothing_that_is_labelled_are_found_and_come_first(self):
        strange = _rows(self.generator, np.full(_DIMENSIONS, 20.0), 30)
        found = foreign_images(np.append(self.own, strange, axis=0), self.labelled, self.labels)
        self.assertContainsSubset(set(range(1000, 1030)), set(found))
        self.assertAllInRange(found[:20], 1000, 1029)
        self.assertLen(np.unique(found), len(found))

    def test_where_none_are_foreign_few_are_taken_for_it(self):
        self.assertLess(len(foreign_images(self.own, self.labelled, self.labels)), 200)
        self.assertEmpty(foreign_images(self.own[:0], self.labelled, self.labels))

    def test_one_label_a_class_and_equal_features(self):
        few = foreign_images(self.own, self.labelled[[0, 60]], np.array([0, 1]))
        self.assertLess(len(few), len(self.own))
        # Nothing can be told of these, and nothing fails.
        equal = foreign_images(np.ones((5, 3)), np.ones((4, 3)), np.array([0, 0, 1, 1]))
        self.assertContainsSubset(equal, np.arange(5))

    def test_as_many_are_foreign_as_are_missing_among_the_near(self):
        expected = self.generator.uniform(0, 1, 2000)
        own, strange = self.generator.uniform(0, 1, 3000), self.generator.uniform(1, 2, 1000)
        self.assertAllClose(count_foreign(np.append(own, strange), expected), 1000, rtol=0.12)
        self.assertLess(count_foreign(own, expected), 200)
        self.assertEqual(count_foreign(strange, expected), 1000)
        self.assertEqual(count_foreign(own[:0], expected), 0)

    def test_distances_by_hand(self):
        features = np.array([[1.0, 0.0], [0.0, 2.0], [3.0, 3.0]])
        self.assertAllClose(distances_among(features), [5**0.5, 5**0.5, 10**0.5])
        self.assertAllClose(nearest_distances(features[:2] * 5, features[:1]), [4.0, 101**0.5])
        many = np.tile(features[:2] * 5, (2500, 1))
        self.assertAllClose(nearest_distances(many, features[:1]), [4.0, 101**0.5] * 2500)
        self.assertEmpty(nearest_distances(features[:0], features))


if __name__ == "__main__":
    tf.test.main()
