import dataclasses

import numpy as np
import tensorflow as tf

from tests.tofa_tf.randomized import random_supernet
from tests.tofa_tf.spaces_for_tests import TINY
from tofa_tf.nets.supernet import Supernet
from tofa_tf.pretrained.transfer import copy_weights, with_classes
from tofa_tf.space.plan import encode
from tofa_tf.space.search_space import IMAGENET_MEAN, IMAGENET_STD

# Equal means, so that the constant which batch norm would take off is none.
GREY_MEAN = dataclasses.replace(TINY, pixel_mean=(100.0,) * 3, pixel_std=IMAGENET_STD)


class TransferTest(tf.test.TestCase):
    def test_a_grey_net_computes_what_the_coloured_one_does_of_grey_images(self):
        source = random_supernet(GREY_MEAN, 5)
        target = Supernet(GREY_MEAN, 5, channels=1)
        target.build()
        copy_weights(source, target)
        pixels = np.random.default_rng(0).integers(0, 256, (2, 16, 16, 1)).astype(np.float32)
        logits = []
        for supernet in (source, target):
            mean, std = GREY_MEAN.normalisation(supernet.channels)
            images = ((pixels - mean) / std).astype(np.float32)
            logits.append(supernet(images, tf.constant(encode(GREY_MEAN, GREY_MEAN.max_arch))))
        self.assertAllClose(*logits, rtol=1e-4, atol=1e-4)

    def test_grey_weights_are_no_plain_sum_where_colours_differ_in_scale(self):
        space = dataclasses.replace(TINY, pixel_mean=IMAGENET_MEAN, pixel_std=IMAGENET_STD)
        source = random_supernet(space)
        target = Supernet(space, 7, channels=1)
        target.build()
        copy_weights(source, target)
        kernel = np.asarray(source.stem.conv.kernel)
        scale = np.mean(IMAGENET_STD) / np.array(IMAGENET_STD)
        expected = np.einsum("hwcf,c->hwf", kernel, scale)
        self.assertAllClose(target.stem.conv.kernel[:, :, 0], expected, rtol=1e-5)

    def test_another_number_of_classes_gets_a_new_classifier(self):
        source = random_supernet(TINY, 5)
        self.assertIs(with_classes(source, 5), source)
        other = with_classes(source, 3)
        self.assertEqual(other.classifier.kernel.shape, (24, 3))
        self.assertAllEqual(other.stem.conv.kernel, source.stem.conv.kernel)


if __name__ == "__main__":
    tf.test.main()
