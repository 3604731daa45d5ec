import random

import numpy as np
import tensorflow as tf
from absl.testing import parameterized

from tests.tofa_tf.randomized import shared_supernet
from tests.tofa_tf.spaces_for_tests import MCU_LIKE, TEST_SPACES, TINY
from tofa_tf.common.errors import UserError
from tofa_tf.nets.harvest import harvest
from tofa_tf.nets.single import single_subnet
from tofa_tf.space.cost import cost
from tofa_tf.training.sampling import SandwichSampler, random_arch


class SingleTest(tf.test.TestCase, parameterized.TestCase):
    @parameterized.parameters("tiny", *TEST_SPACES)
    def test_computes_what_the_subnet_computes_and_has_no_other(self, name):
        space = {"tiny": TINY, **TEST_SPACES}[name]
        supernet, arch = shared_supernet(space), random_arch(space, random.Random(1))
        single = single_subnet(supernet, arch)
        own = single.space.max_arch
        self.assertEqual(own, single.space.min_arch)
        self.assertEqual(cost(single.space, own, 7), cost(space, arch, 7))
        shape = (2, arch.resolution, arch.resolution, 3)
        images = np.random.default_rng(1).normal(size=shape).astype(np.float32)
        expected = np.asarray(harvest(supernet, arch)(images))
        self.assertAllClose(
            harvest(single, own)(images), expected, rtol=1e-5, atol=1e-5 * np.abs(expected).max()
        )

    def test_a_step_trains_it_alone(self):
        sampler = SandwichSampler(TINY.only(TINY.max_arch), seed=0)
        self.assertEqual([role for role, _ in sampler.archs(0)], ["max"])

    def test_an_arch_of_another_space_is_refused(self):
        with self.assertRaisesRegex(UserError, "not of 'tiny'"):
            single_subnet(shared_supernet(TINY), MCU_LIKE.min_arch)


if __name__ == "__main__":
    tf.test.main()
