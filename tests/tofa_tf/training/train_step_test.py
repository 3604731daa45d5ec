import numpy as np
import tensorflow as tf
from absl.testing import parameterized

from tests.tofa_tf.spaces_for_tests import ATTENTIVE_LIKE, DS_LIKE, RESNET_LIKE
from tofa_tf.data.pipeline import Batch
from tofa_tf.training.sampling import SandwichSampler
from tofa_tf.training.trainer import TrainConfig, build_training


def _batch(pixels: int) -> Batch:
    generator = np.random.default_rng(0)

    def images() -> tf.Tensor:
        return tf.constant(generator.integers(0, 256, (2, pixels, pixels, 3), np.uint8))

    labels = tf.constant([0, 1], tf.int32)
    return Batch(images(), labels, images(), images(), labels)


class TrainStepTest(tf.test.TestCase, parameterized.TestCase):
    # Projected shortcuts leave weights that the largest net has no use for.
    @parameterized.parameters((ATTENTIVE_LIKE, 64), (DS_LIKE, 32), (RESNET_LIKE, 32))
    def test_a_step_of_every_family_is_finite_and_traced_once(self, space, pixels):
        state = build_training(space, 2, TrainConfig(steps=2, num_random=1))
        sampler = SandwichSampler(space, seed=0, num_random=1)
        for step in range(2):
            metrics = state(_batch(pixels), sampler.archs(step))
            for name, value in metrics.items():
                self.assertTrue(np.isfinite(value), name)
        self.assertEqual(state.num_traces, 1)

    def test_the_largest_net_is_the_first(self):
        state = build_training(DS_LIKE, 2, TrainConfig(steps=2))
        with self.assertRaisesRegex(ValueError, "the first subnet of a step is the largest"):
            state(_batch(32), [("min", DS_LIKE.min_arch)])


if __name__ == "__main__":
    tf.test.main()
