import dataclasses

import keras
import numpy as np
import tensorflow as tf

from tests.tofa_tf.data.images import noise
from tests.tofa_tf.teacher.small_trunk import small_trunk
from tofa_tf.teacher.trunk import Trunk


def _expected(images: np.ndarray) -> np.ndarray:
    """Luma of 16 x 16 pixels, (p - 127.5) / 127.5, means of 2 x 2, by numpy."""
    luma = np.rint(images @ [0.299, 0.587, 0.114])
    quarters = ((luma - 127.5) / 127.5).reshape(len(images), 8, 2, 8, 2)
    return quarters.mean(axis=(2, 4)).reshape(len(images), 64)


class TrunkTest(tf.test.TestCase):
    def test_sizes_are_the_nets(self):
        trunk = small_trunk()
        self.assertEqual((trunk.resolution, trunk.num_features), (16, 64))

    def test_images_are_prepared_and_described_in_batches(self):
        images = noise(70, 16)
        features = small_trunk().features(images)
        self.assertDTypeEqual(features, np.float32)
        # A level of the luma is 1 / 127.5, and of four one may be rounded the other way.
        self.assertAllClose(features, _expected(images), atol=0.003)
        self.assertAllClose(features[40:41], small_trunk().features(images[40:41]))

    def test_images_of_other_sizes_and_channels(self):
        grey = noise(3, 16)[..., :1]
        whole = small_trunk().features(grey)
        self.assertAllEqual(whole, small_trunk().features(np.repeat(grey, 3, axis=-1)))
        # An image of one level has it at every size.
        even = np.full((1, 32, 32, 1), 200, np.uint8)
        self.assertAllClose(small_trunk().features(even), np.full((1, 64), (200 - 127.5) / 127.5))

    def test_colours_reach_a_net_of_colours_and_statistics_hold_for_each(self):
        image = keras.Input((4, 4, 3))
        network = keras.Model(image, keras.layers.GlobalAveragePooling2D()(image))
        trunk = Trunk("means", "x", network, mean=100.0, std=50.0)
        images = noise(2, 4)
        self.assertAllClose(trunk.features(images), (images.mean(axis=(1, 2)) - 100) / 50)
        darker = dataclasses.replace(trunk, mean=110.0)
        self.assertAllClose(trunk.features(images) - 0.2, darker.features(images))

    def test_no_images(self):
        self.assertEqual(small_trunk().features(noise(0, 16)).shape, (0, 64))


if __name__ == "__main__":
    tf.test.main()
