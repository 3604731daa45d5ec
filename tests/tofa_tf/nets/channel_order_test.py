import keras
import numpy as np
import tensorflow as tf
from absl.testing import parameterized

from tests.tofa_tf.randomized import random_supernet
from tests.tofa_tf.spaces_for_tests import KERAS_LIKE, TEST_SPACES
from tofa_tf.blocks.inverted_bottleneck import InvertedBottleneck
from tofa_tf.nets.channel_order import sort_channels
from tofa_tf.nets.supernet import Supernet
from tofa_tf.space.plan import encode


class ChannelOrderTest(tf.test.TestCase, parameterized.TestCase):
    @parameterized.parameters(*TEST_SPACES)
    def test_largest_net_is_unchanged_and_smallest_is_not(self, name):
        space = TEST_SPACES[name]
        supernet = random_supernet(space, 4)
        images = np.random.default_rng(0).normal(size=(2, 32, 32, 3)).astype(np.float32)
        archs = [encode(space, arch) for arch in (space.max_arch, space.min_arch)]
        before = [supernet(images, arch).numpy() for arch in archs]
        stem = supernet.stem.conv.kernel.numpy()
        sort_channels(supernet)
        after = [supernet(images, arch).numpy() for arch in archs]
        self.assertAllClose(before[0], after[0], rtol=1e-3, atol=1e-4 * np.abs(before[0]).max())
        self.assertNotAllClose(before[1], after[1], rtol=1e-2)
        self.assertNotAllClose(stem, supernet.stem.conv.kernel)
        for block in supernet.blocks:
            if isinstance(block.block, InvertedBottleneck) and "expand" in block.parts:
                norms = np.abs(block.parts["project"].conv.kernel).sum(axis=(0, 1, 3))
                if "se_reduce" in block.parts:
                    norms += np.abs(block.parts["se_reduce"].conv.kernel).sum(axis=(0, 1, 3))
                self.assertAllLessEqual(np.diff(norms), 1e-5)

    def test_sorting_again_changes_nothing(self):
        keras.utils.set_random_seed(0)
        supernet = Supernet(KERAS_LIKE, 4)
        supernet.build()
        sort_channels(supernet)
        sorted_once = [weight.numpy() for weight in supernet.weights]
        sort_channels(supernet)
        for once, twice in zip(sorted_once, supernet.weights, strict=True):
            self.assertAllEqual(once, twice)


if __name__ == "__main__":
    tf.test.main()
