"""Tests of reading groups from paths."""

import numpy as np
import tensorflow as tf
from absl.testing import parameterized

from tofa_tf.common.errors import UserError
from tofa_tf.data.groups import group_expression, with_groups
from tofa_tf.data.records import ImageSet, as_texts


def _images(*paths: str) -> ImageSet:
    count = len(paths)
    return ImageSet(
        np.zeros((count, 2, 2, 3), np.uint8), np.zeros(count, np.int32), as_texts(paths)
    )


def _groups(images: ImageSet, pattern: str, *, complete: bool = True) -> np.ndarray:
    return with_groups(images, group_expression(pattern), complete=complete).groups


class WithGroupsTest(tf.test.TestCase, parameterized.TestCase):
    @parameterized.parameters(
        (r"burst\d+", ["burst7", "burst8"]),
        (r"^(.*)_", ["cat/burst7", "dog/burst8"]),
        (r"burst(\d+)_(\d+)", ["7", "8"]),
    )
    def test_first_parentheses_or_all_that_is_found(self, pattern, expected):
        images = _images("cat/burst7_03.jpg", "dog/burst8_1.jpg")
        self.assertAllEqual(_groups(images, pattern), expected)

    def test_path_without_a_group(self):
        images = _images("cat/burst7_03.jpg", "cat/holiday.jpg", "cat/me.jpg")
        with self.assertRaisesRegex(
            UserError, r"finds no group in 2 of 3 paths, e.g. in 'cat/holiday.jpg'"
        ):
            _groups(images, "burst[0-9]+")
        self.assertAllEqual(_groups(images, "burst[0-9]+", complete=False), ["burst7", None, None])

    def test_parentheses_that_take_no_part_find_nothing(self):
        with self.assertRaisesRegex(UserError, "finds no group in 1 of 1 paths"):
            _groups(_images("cat/a.jpg"), r"a|(b)")

    def test_no_regular_expression(self):
        with self.assertRaisesRegex(UserError, r"group is '\(', not a regular expression: "):
            group_expression("(")


if __name__ == "__main__":
    tf.test.main()
