"""Tests of how many labels may be used and which are drawn."""

import numpy as np
import tensorflow as tf
from absl.testing import parameterized

from tofa_tf.common.errors import UserError
from tofa_tf.data.labels import count_labels, draw_labels, parse_labels_per_class

_NAMES = ("ant", "bee", "cat")
_LABELS = np.array([0] * 7 + [1] * 12 + [2] * 5, np.int32)


class ParseLabelsPerClassTest(tf.test.TestCase, parameterized.TestCase):
    @parameterized.parameters(
        ("all", "all"),
        (" all ", "all"),
        (5, 5),
        ("5", 5),
        (np.int64(5), 5),
        (0.1, 0.1),
        ("0.1", 0.1),
        (".10", 0.1),
    )
    def test_one_form_of_equal_settings(self, given, expected):
        parsed = parse_labels_per_class(given)
        self.assertEqual(parsed, expected)
        self.assertIs(type(parsed), type(expected))

    @parameterized.parameters(0, "0", -3)
    def test_no_labels_asked(self, given):
        with self.assertRaisesRegex(UserError, f"labels_per_class is {given}: .* at least 1"):
            parse_labels_per_class(given)

    @parameterized.parameters("many", "", 1.0, "5.0", 0.0, -0.1, "nan", "inf", True, None, ([3],))
    def test_what_is_neither(self, given):
        with self.assertRaisesRegex(UserError, 'labels_per_class is .*: wanted is "all", a whole'):
            parse_labels_per_class(given)


class CountLabelsTest(tf.test.TestCase, parameterized.TestCase):
    @parameterized.parameters(
        ("all", 7, 7), (3, 7, 3), (0.5, 7, 4), (0.1, 7, 1), (0.01, 7, 1), (0.99, 1, 1), (0.1, 25, 3)
    )
    def test_counts(self, labels_per_class, images, expected):
        self.assertEqual(count_labels(labels_per_class, images), expected)


class DrawLabelsTest(tf.test.TestCase):
    def test_draws_equally_many_distinct_images_of_each_class(self):
        drawn = draw_labels(_LABELS, 4, _NAMES, seed=1)
        self.assertAllEqual(np.bincount(_LABELS[drawn]), [4, 4, 4])
        self.assertLen(set(drawn.tolist()), 12)
        self.assertAllEqual(drawn, np.sort(drawn))

    def test_depends_on_the_seed_alone(self):
        first = draw_labels(_LABELS, 4, _NAMES, seed=1)
        self.assertAllEqual(first, draw_labels(_LABELS, 4, _NAMES, seed=1))
        self.assertNotAllEqual(first, draw_labels(_LABELS, 4, _NAMES, seed=2))

    def test_larger_draw_contains_the_smaller_one(self):
        small = draw_labels(_LABELS, 2, _NAMES, seed=3)
        large = draw_labels(_LABELS, 5, _NAMES, seed=3)
        self.assertContainsSubset(small.tolist(), large.tolist())

    def test_every_image_can_be_drawn(self):
        drawn = [draw_labels(_LABELS, 1, _NAMES, seed) for seed in range(200)]
        self.assertAllEqual(np.unique(drawn), np.arange(len(_LABELS)))

    def test_unknown_labels_are_never_drawn(self):
        labels = np.concatenate([_LABELS, [-1] * 50]).astype(np.int32)
        self.assertAllInRange(draw_labels(labels, 5, _NAMES, 0), 0, len(_LABELS) - 1)

    def test_no_labels_asked(self):
        with self.assertRaisesRegex(UserError, "labels_per_class is 0: .* at least 1"):
            draw_labels(_LABELS, 0, _NAMES, 0)

    def test_share_of_each_class(self):
        drawn = draw_labels(_LABELS, 0.5, _NAMES, seed=1)
        self.assertAllEqual(np.bincount(_LABELS[drawn]), [4, 6, 3])
        larger = draw_labels(_LABELS, 0.6, _NAMES, seed=1)
        self.assertContainsSubset(drawn.tolist(), larger.tolist())

    def test_all(self):
        self.assertAllEqual(draw_labels(_LABELS, "all", _NAMES, seed=1), np.arange(len(_LABELS)))

    def test_more_labels_asked_than_images(self):
        with self.assertRaisesRegex(
            UserError, "class 'cat' has 5 images, 6 labels asked .*labels_per_class=\"all\""
        ):
            draw_labels(_LABELS, 6, _NAMES, 0)

    def test_class_without_images(self):
        with self.assertRaisesRegex(UserError, "class 'dog' has no images"):
            draw_labels(_LABELS, 1, (*_NAMES, "dog"), 0)


if __name__ == "__main__":
    tf.test.main()
