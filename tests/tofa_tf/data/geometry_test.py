"""Moves of pixels by hand; `rand_augment_test` compares shear with PIL's."""

import numpy as np
import tensorflow as tf
from absl.testing import parameterized

from tofa_tf.data.geometry import shear_x, shear_y, take_pixels

# Two images of two rows and three columns: 11 to 13 and 21 to 23, the second a hundred more.
_ROWS = np.array([[11, 12, 13], [21, 22, 23]], np.uint8)
_IMAGES = np.stack([_ROWS, _ROWS + 100])[..., np.newaxis]


class TakePixelsTest(tf.test.TestCase):
    def test_one_rearrangement_of_all_images(self):
        taken = take_pixels(
            tf.constant(_IMAGES), tf.constant([[1], [0]]), tf.constant([[2, 0, 0], [1, 1, 2]])
        )
        self.assertAllEqual(taken[0, ..., 0], [[23, 21, 21], [12, 12, 13]])
        self.assertAllEqual(taken[1, ..., 0], [[123, 121, 121], [112, 112, 113]])

    def test_channels_of_a_pixel_stay_together(self):
        pixels = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(1, 2, 3, 4)
        taken = take_pixels(tf.constant(pixels), tf.constant([[1], [1]]), tf.constant([[0, 1, 2]]))
        self.assertAllEqual(taken, np.repeat(pixels[:, 1:], 2, axis=1))


class ShearTest(tf.test.TestCase, parameterized.TestCase):
    @parameterized.parameters(
        # By 0.6 in the first row, half a row below the top, and by 1.8 in the second.
        (1.2, [[12, 13, 0], [23, 0, 0]]),
        (-0.8, [[11, 12, 13], [0, 21, 22]]),
        (-1.2, [[0, 11, 12], [0, 0, 21]]),
        (0.8, [[11, 12, 13], [22, 23, 0]]),
        (0.0, [[11, 12, 13], [21, 22, 23]]),
    )
    def test_rows_move_left_by_their_distance_from_the_top(self, slope, expected):
        sheared = shear_x(tf.constant(_IMAGES), tf.constant([0.0, slope]))
        self.assertAllEqual(sheared[0], _IMAGES[0])
        moved = np.array(expected, np.uint8)
        self.assertAllEqual(sheared[1, ..., 0], np.where(moved, moved + 100, 0))

    def test_columns_move_up_by_their_distance_from_the_left(self):
        sheared = shear_y(tf.constant(_IMAGES), tf.constant([0.8, -0.8]))
        # By 0.4, 1.2 and 2.
        self.assertAllEqual(sheared[0, ..., 0], [[11, 22, 0], [21, 0, 0]])
        self.assertAllEqual(sheared[1, ..., 0], [[111, 0, 0], [121, 112, 0]])


if __name__ == "__main__":
    tf.test.main()
