"""Changes of pixels by hand; `rand_augment_test.py` compares them with PIL."""

import numpy as np
import tensorflow as tf
from absl.testing import parameterized

from tofa_tf.data import pixel_ops


def _apply(op, images, *magnitudes: float) -> np.ndarray:
    return op(tf.constant(images, tf.uint8), tf.constant(magnitudes, tf.float32)).numpy()


def _grey(*values: int) -> np.ndarray:
    return np.array(values, np.uint8).reshape(1, 1, -1, 1)


class PixelOpsTest(tf.test.TestCase, parameterized.TestCase):
    @parameterized.parameters(
        (0.0, (0, 0, 0)), (0.5, (5, 50, 127)), (1.0, (10, 100, 255)), (3.0, (30, 255, 255))
    )
    def test_brightness_scales_and_stays_within_bytes(self, factor, expected):
        image = _grey(10, 100, 255)
        self.assertAllEqual(_apply(pixel_ops.brightness, image, factor), _grey(*expected))

    def test_contrast_of_grey_goes_to_the_rounded_mean(self):
        image = _grey(0, 1, 100, 201)  # Of mean 75.5, which becomes 76.
        self.assertAllEqual(_apply(pixel_ops.contrast, image, 0.0), _grey(76, 76, 76, 76))
        self.assertAllEqual(_apply(pixel_ops.contrast, image, 2.0), _grey(0, 0, 124, 255))

    def test_contrast_of_colours_goes_to_the_mean_luma(self):
        image = np.array([[[[255, 0, 0], [0, 255, 0]]]], np.uint8)
        # 0.299 and 0.587 of 255 are 76 and 150.
        self.assertAllEqual(_apply(pixel_ops.contrast, image, 0.0), np.full((1, 1, 2, 3), 113))

    @parameterized.parameters((0, 0), (1, 128), (4, 0b10110000), (8, 0b10111101))
    def test_posterize_keeps_high_bits(self, bits, expected):
        self.assertAllEqual(_apply(pixel_ops.posterize, _grey(0b10111101), bits), _grey(expected))

    def test_every_image_has_a_magnitude_of_its_own(self):
        images = np.concatenate([_grey(100), _grey(100), _grey(100)])
        changed = _apply(pixel_ops.brightness, images, 0.0, 1.0, 2.0)
        self.assertAllEqual(changed.ravel(), [0, 100, 200])

    def test_equalize_spreads_each_channel_of_each_image(self):
        first = np.repeat([[10, 200]], 512, axis=0).reshape(1, 32, 32)
        second = np.full((1, 32, 32), 7)
        images = np.stack([first, second], axis=-1).astype(np.uint8)
        images = np.concatenate([images, images[..., ::-1]])
        changed = _apply(pixel_ops.equalize, images, 0.0, 0.0)
        # 512 pixels below the higher level: a step of 512 // 255 = 2 a level, from 1 // 2.
        self.assertAllEqual(changed[0, ..., 0], np.where(first[0] == 10, 0, 255))
        # One level alone has nowhere to go.
        self.assertAllEqual(changed[0, ..., 1], second[0])
        self.assertAllEqual(changed[1], changed[0][..., ::-1])


if __name__ == "__main__":
    tf.test.main()
