"""Tests of telling grey images and of the two numbers of channels."""

import numpy as np
import tensorflow as tf
from PIL import Image

from tests.tofa_tf.data.images import noise
from tofa_tf.common.errors import UserError
from tofa_tf.data.channels import are_grey, check_channels, with_channels


class ChannelsTest(tf.test.TestCase):
    def test_colour_to_grey_is_pils(self):
        image = noise(1, 16)[0]
        grey = with_channels(image, 1)
        self.assertAllEqual(grey[..., 0], np.asarray(Image.fromarray(image).convert("L")))

    def test_grey_to_colour_and_back_changes_nothing(self):
        grey = noise(1, 16)[0, :, :, :1]
        colour = with_channels(grey, 3)
        self.assertAllEqual(colour, np.repeat(grey, 3, axis=-1))
        self.assertAllEqual(with_channels(colour, 1), grey)
        self.assertAllEqual(with_channels(grey, 1), grey)

    def test_one_coloured_pixel_is_enough(self):
        images = np.repeat(noise(3000, 2)[..., :1], 3, axis=-1)
        self.assertTrue(are_grey(images))
        self.assertTrue(are_grey(images[..., :1]))
        images[2999, 1, 0, 2] ^= 1
        self.assertFalse(are_grey(images))

    def test_other_numbers(self):
        for channels in (None, 1, 3):
            check_channels(channels)
        for channels in (0, 2, 4):
            with self.assertRaisesRegex(UserError, f"channels is {channels}: 1 .grey., 3 .RGB."):
                check_channels(channels)


if __name__ == "__main__":
    tf.test.main()
