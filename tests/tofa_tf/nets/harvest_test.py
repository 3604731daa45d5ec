import random

import numpy as np
import tensorflow as tf
from absl.testing import parameterized

from tests.tofa_tf.randomized import random_supernet, shared_supernet
from tests.tofa_tf.spaces_for_tests import MCU_LIKE, RESNET_LIKE, TEST_SPACES
from tofa_tf.common.errors import UserError
from tofa_tf.nets.harvest import harvest
from tofa_tf.nets.recalibrate import recalibrate
from tofa_tf.nets.supernet import resize
from tofa_tf.space.plan import encode
from tofa_tf.training.sampling import random_arch


def _images(resolution: int, count: int = 4) -> np.ndarray:
    generator = np.random.default_rng(66)
    return generator.normal(size=(count, resolution, resolution, 3)).astype(np.float32)


class HarvestTest(tf.test.TestCase, parameterized.TestCase):
    @parameterized.parameters(*((name,) for name in TEST_SPACES))
    def test_equals_the_supernet_whose_one_trace_serves_every_arch_and_resolution(self, name):
        space = TEST_SPACES[name]
        supernet, images = shared_supernet(space), _images(max(space.resolutions))
        function = tf.function(lambda x, arch: supernet(x, arch), autograph=False)
        archs = [space.min_arch, space.max_arch]
        archs += [random_arch(space, random.Random(seed)) for seed in range(2)]
        outputs = set()
        for arch in archs:
            expected = np.asarray(function(images, tf.constant(encode(space, arch))))
            actual = np.asarray(harvest(supernet, arch)(resize(images, arch.resolution)))
            self.assertAllClose(actual, expected, rtol=1e-5, atol=1e-5 * np.abs(expected).max())
            outputs.add(expected.tobytes())
        self.assertEqual(function.experimental_get_tracing_count(), 1)
        self.assertLen(outputs, len(archs))

    def test_grey_images(self):
        supernet = random_supernet(RESNET_LIKE, channels=1)
        images = _images(16)[..., :1]
        arch = RESNET_LIKE.min_arch
        expected = supernet(images, tf.constant(encode(RESNET_LIKE, arch)))
        model = harvest(supernet, arch)
        self.assertEqual(model.input_shape, (None, 16, 16, 1))
        self.assertAllClose(model(images), expected, rtol=1e-5, atol=1e-5)

    def test_layers_have_the_names_of_their_operations(self):
        model = harvest(shared_supernet(RESNET_LIKE), RESNET_LIKE.min_arch)
        names = [layer.name for layer in model.layers if layer.weights]
        self.assertEqual(names[:3], ["stem_conv", "stem_bn", "stage1_block0_conv1_conv"])
        self.assertEqual(names[-1], "classifier")

    def test_consists_of_stock_layers(self):
        model = harvest(shared_supernet(MCU_LIKE), MCU_LIKE.min_arch)
        for layer in model.layers:
            self.assertTrue(type(layer).__module__.startswith("keras.src.layers"), layer)

    def test_shares_nothing_with_the_supernet(self):
        supernet = shared_supernet(MCU_LIKE)
        model = harvest(supernet, MCU_LIKE.min_arch)
        before = np.asarray(supernet.classifier.kernel)
        model.get_layer("classifier").kernel.assign(model.get_layer("classifier").kernel + 1.0)
        self.assertAllEqual(supernet.classifier.kernel, before)

    def test_foreign_arch_is_refused(self):
        supernet = shared_supernet(MCU_LIKE.at_resolutions((32,)))
        arch = MCU_LIKE.at_resolutions((48,)).min_arch
        with self.assertRaisesRegex(UserError, "resolution 48 is not one of 32"):
            harvest(supernet, arch)


class RecalibratedTest(tf.test.TestCase):
    def test_harvested_model_then_computes_what_the_supernet_does_in_training(self):
        space = MCU_LIKE.at_resolutions((32,))
        supernet = shared_supernet(space)
        arch, images = space.min_arch, _images(32, count=64)
        model = harvest(supernet, arch)
        recalibrate(model, images)
        expected = supernet(images, tf.constant(encode(space, arch)), training=True)
        self.assertAllClose(model(images), expected, rtol=1e-3, atol=1e-3)


if __name__ == "__main__":
    tf.test.main()
