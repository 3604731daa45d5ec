"""Tests of choosing validation images among the labelled ones."""

import numpy as np
import tensorflow as tf
from absl.testing import parameterized

from tofa_tf.common.errors import UserError
from tofa_tf.data.records import as_texts
from tofa_tf.data.validation import LEAST_TRAINED, draw_validation

_NAMES = ("ant", "bee")


def _labels(ants: int, bees: int) -> np.ndarray:
    return np.repeat([0, 1], [ants, bees]).astype(np.int32)


class DrawValidationTest(tf.test.TestCase, parameterized.TestCase):
    @parameterized.parameters((6, 6, [1, 1]), (10, 40, [2, 8]), (7, 500, [1, 100]))
    def test_a_fifth_of_each_class_by_default(self, ants, bees, expected):
        labels = _labels(ants, bees)
        held, reason = draw_validation(labels, None, _NAMES, seed=0)
        self.assertAllEqual(np.bincount(labels[held]), expected)
        self.assertEqual(reason, "")

    def test_no_part_by_default_where_labels_are_few(self):
        held, reason = draw_validation(_labels(500, LEAST_TRAINED), None, _NAMES, seed=0)
        self.assertFalse(held.any())
        self.assertIn("class 'bee' has too few labelled images (5)", reason)

    def test_share_of_ones_own(self):
        labels = _labels(4, 20)
        held, _ = draw_validation(labels, 0.5, _NAMES, seed=0)
        self.assertAllEqual(np.bincount(labels[held]), [2, 10])
        with self.assertRaisesRegex(UserError, r"'ant' has too few .*\(1\) .*validation=0"):
            draw_validation(_labels(1, 20), 0.5, _NAMES, seed=0)

    def test_none_wanted(self):
        held, reason = draw_validation(_labels(50, 50), 0, _NAMES, seed=0)
        self.assertFalse(held.any())
        self.assertIn("validation=0", reason)

    @parameterized.parameters(-0.1, 1, 3.0, float("nan"))
    def test_out_of_range(self, fraction):
        with self.assertRaisesRegex(UserError, "validation is .*: it must be a share"):
            draw_validation(_labels(50, 50), fraction, _NAMES, seed=0)

    def test_groups_stay_whole(self):
        labels = _labels(40, 40)
        groups = as_texts([f"track{position // 5}" for position in range(80)])
        held, _ = draw_validation(labels, None, _NAMES, seed=3, groups=groups)
        self.assertAllEqual(np.bincount(labels[held]), [10, 10])
        self.assertEmpty(set(groups[held]) & set(groups[~held]))

    def test_class_of_one_group_has_no_part_by_default(self):
        groups = as_texts(["a"] * 40 + [f"b{position}" for position in range(40)])
        held, reason = draw_validation(_labels(40, 40), None, _NAMES, seed=3, groups=groups)
        self.assertFalse(held.any())
        self.assertIn("'ant' has too few labelled images (40 of 1 groups)", reason)


if __name__ == "__main__":
    tf.test.main()
