"""What pixels become, by hand; `rand_augment_test` compares the operations with PIL's."""

import numpy as np
import tensorflow as tf

from tofa_tf.data import keras_cv_ops as ops


def _marked(row: int, column: int, copies: int) -> np.ndarray:
    """Images of five rows and seven columns with one white pixel."""
    images = np.zeros((copies, 5, 7, 3), np.uint8)
    images[:, row, column] = 255
    return images


def _places(images: tf.Tensor) -> list[tuple[int, int]]:
    """Row and column of the only white pixel of each image."""
    where = np.argwhere(np.asarray(images)[..., 0] == 255)
    assert np.array_equal(where[:, 0], range(len(images)))
    return [tuple(place) for place in where[:, 1:].tolist()]


class KerasCvOpsTest(tf.test.TestCase):
    def test_a_rectangle_is_even_about_its_centre_and_cut_off_at_the_border(self):
        images = np.full((3, 6, 8, 1), 9, np.uint8)
        centre_x, centre_y = tf.constant([3, 0, 7]), tf.constant([2, 5, 0])
        covered = ops.fill_rectangles(tf.constant(images), centre_x, centre_y, 4, 2).numpy()
        expected = images.copy()
        expected[0, 1:3, 1:5] = expected[1, 4:6, :2] = expected[2, :1, 5:] = 127
        self.assertAllEqual(covered, expected)

    def test_every_image_moves_by_its_own_share(self):
        images = tf.constant(_marked(2, 3, 4))
        share = tf.constant([0.0, 2 / 7, -1 / 7, 0.1])
        # A tenth of seven columns is nearer to one than to none.
        moved = ops.translate_x(images, share)
        self.assertEqual(_places(moved), [(2, 3), (2, 5), (2, 2), (2, 4)])
        share = tf.constant([0.0, 2 / 5, -1 / 5, 0.12])
        moved = ops.translate_y(images, share)
        self.assertEqual(_places(moved), [(2, 3), (4, 3), (1, 3), (3, 3)])

    def test_images_turn_counter_clockwise(self):
        turned = ops.rotate(tf.constant(_marked(2, 5, 3)), tf.constant([0.0, 90.0, -90.0]))
        self.assertEqual(_places(turned), [(2, 5), (0, 3), (4, 3)])

    def test_the_threshold_itself_is_inverted(self):
        images = np.repeat(np.array([0, 99, 100, 255], np.uint8).reshape(1, 1, 4, 1), 2, axis=0)
        found = ops.solarize(tf.constant(images), tf.constant([100.0, 0.0]))
        self.assertAllEqual(found[0, 0, :, 0], [0, 99, 155, 0])
        self.assertAllEqual(found[1, 0, :, 0], [255, 156, 155, 0])

    def test_each_channel_is_stretched_by_itself(self):
        image = np.array([[50, 7, 0], [100, 7, 128], [150, 7, 255]], np.uint8)
        found = ops.autocontrast(tf.constant(image.reshape(1, 1, 3, 3)), tf.zeros(1))
        # 127.5 is cut off.
        self.assertAllEqual(found[0, 0], [[0, 7, 0], [127, 7, 128], [255, 7, 255]])

    def test_without_colour_the_channels_are_equal(self):
        image = np.array([200, 100, 50], np.uint8).reshape(1, 1, 1, 3)
        found = ops.color(tf.constant(np.repeat(image, 2, axis=0)), tf.constant([0.0, 1.0]))
        # 0.299, 0.587 and 0.114 of the three.
        self.assertAllInRange(found[0].numpy(), 123, 125)
        self.assertAllEqual(found[1], image[0])


if __name__ == "__main__":
    tf.test.main()
