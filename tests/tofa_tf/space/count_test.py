import random

import tensorflow as tf
from absl.testing import parameterized

from tests.tofa_tf.counting import count_params
from tests.tofa_tf.spaces_for_tests import TEST_SPACES
from tofa_tf.nets.static_net import build_static
from tofa_tf.space.cost import plan_cost
from tofa_tf.space.count import count
from tofa_tf.space.plan import make_plan
from tofa_tf.space.presets import get_space
from tofa_tf.training.sampling import random_arch


class CountTest(tf.test.TestCase, parameterized.TestCase):
    @parameterized.parameters(*TEST_SPACES)
    def test_macs_are_those_of_the_operators(self, name):
        space = TEST_SPACES[name]
        archs = [random_arch(space, random.Random(seed)) for seed in range(30)]
        for arch in (space.min_arch, space.max_arch, *archs):
            plan = make_plan(space, arch)
            for channels in (1, 3):
                graph = plan_cost(space, plan, 10, channels).graph
                self.assertEqual(count(space, plan, 10, channels).macs, graph.macs)

    @parameterized.parameters(*TEST_SPACES)
    def test_params_are_those_of_the_static_net(self, name):
        space = TEST_SPACES[name]
        plan = make_plan(space, random_arch(space, random.Random(5)))
        model = build_static(space, plan, num_classes=7, channels=1)
        self.assertEqual(count(space, plan, 7, channels=1).params, count_params(model))

    def test_without_a_classifier(self):
        space = get_space("mcu")
        plan = make_plan(space, space.min_arch)
        features = plan.blocks[-1].width
        with_it, without = count(space, plan, 10), count(space, plan, 0)
        self.assertEqual(with_it.macs - without.macs, 10 * features)
        self.assertEqual(with_it.params - without.params, 10 * (features + 1))


if __name__ == "__main__":
    tf.test.main()
