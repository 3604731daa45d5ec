"""Training in bfloat16 against training in float32."""

import dataclasses
from pathlib import Path

import numpy as np
import tensorflow as tf
from absl.testing import parameterized

from tests.tofa_tf import small_training
from tests.tofa_tf.randomized import shared_supernet
from tests.tofa_tf.spaces_for_tests import ATTENTIVE_LIKE, OFA_LIKE, RESNET_LIKE, TINY
from tofa_tf.layers.elastic_layers import ElasticBatchNormalization
from tofa_tf.nets.supernet import Supernet
from tofa_tf.pretrained.transfer import copy_weights
from tofa_tf.space.plan import encode
from tofa_tf.training.trainer import build_training

_MIXED = "mixed_bfloat16"
_ONE_STAGE = dataclasses.replace(TINY, stages=TINY.stages[:1])


class MixedPrecisionTest(tf.test.TestCase, parameterized.TestCase):
    # Kernel transforms, squeeze-excite, projected shortcuts, plain convolutions.
    @parameterized.parameters(OFA_LIKE, ATTENTIVE_LIKE, RESNET_LIKE)
    def test_logits_are_those_of_float32_but_for_rounding(self, space):
        exact = shared_supernet(space)
        mixed = Supernet(space, exact.num_classes, dtype=_MIXED)
        mixed.build()
        copy_weights(exact, mixed)
        resolution = space.resolutions[0]
        images = np.random.default_rng(0).normal(size=(4, resolution, resolution, 3))
        images = tf.constant(images, tf.float32)
        for arch in (space.min_arch, space.max_arch):
            encoded = tf.constant(encode(space, arch))
            got, expected = mixed(images, encoded), exact(images, encoded)
            self.assertEqual(got.dtype, tf.float32)
            error = tf.norm(got - expected) / tf.norm(expected)
            self.assertLess(error, 0.05)
            self.assertGreater(error, 0.0)

    def test_only_the_values_between_layers_are_in_half_precision(self):
        supernet = build_training(
            TINY, 10, dataclasses.replace(small_training.CONFIG, mixed_precision=True)
        ).supernet
        self.assertEqual({each.dtype for each in supernet.weights}, {"float32"})
        values = supernet.stem(tf.ones((2, 16, 16, 3)), training=True)
        self.assertEqual(values.dtype, tf.bfloat16)

    def test_statistics_are_as_exact_as_in_float32(self):
        # In bfloat16, whose numbers near 100 are 0.5 apart, the mean would stand still.
        values = tf.cast(100.0 + tf.random.stateless_normal((64, 4, 4, 3), [1, 2]), tf.bfloat16)
        layer = ElasticBatchNormalization(3, momentum=0.0, dtype=_MIXED)
        layer.build()
        layer(values, training=True, update_statistics=True)
        exact = tf.cast(values, tf.float32)
        self.assertAllClose(layer.moving_mean, tf.reduce_mean(exact, (0, 1, 2)), rtol=1e-6)
        variance = tf.math.reduce_variance(exact, (0, 1, 2))
        self.assertAllClose(layer.moving_variance, variance, rtol=1e-3)

    def test_a_training_goes_the_way_of_one_in_float32(self):
        losses = {}
        for mixed in (False, True):
            config = dataclasses.replace(small_training.CONFIG, steps=12, mixed_precision=mixed)
            folder = Path(self.get_temp_dir()) / str(mixed)
            losses[mixed] = []
            seen = losses[mixed].append
            state = small_training.run(
                folder, config, lambda _, metrics, seen=seen: seen(metrics["loss"]), _ONE_STAGE
            )
            self.assertEqual(state.num_traces, 1)
        np.testing.assert_allclose(losses[True][:3], losses[False][:3], rtol=0.02)
        self.assertNotEqual(losses[True], losses[False])
        self.assertLess(losses[True][-1], losses[True][0])


if __name__ == "__main__":
    tf.test.main()
