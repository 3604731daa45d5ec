import tensorflow as tf

from tests.tofa_tf.randomized import random_supernet
from tests.tofa_tf.spaces_for_tests import TINY
from tofa_tf.training.decay import decays


class DecaysTest(tf.test.TestCase):
    def test_kernels_and_nothing_else(self):
        kinds: dict[bool, set[str]] = {True: set(), False: set()}
        for variable in random_supernet(TINY).trainable_variables:
            kinds[decays(variable)].add(variable.name)
        self.assertEqual(kinds[True], {"kernel"})
        self.assertContainsSubset({"gamma", "beta", "bias"}, kinds[False])


if __name__ == "__main__":
    tf.test.main()
