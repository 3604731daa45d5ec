import random

import tensorflow as tf
from absl.testing import parameterized

from tests.tofa_tf.counting import count_macs, count_params
from tests.tofa_tf.space.plan_test import ARCH, SPACE
from tests.tofa_tf.spaces_for_tests import TEST_SPACES
from tofa_tf.nets.static_net import build_static
from tofa_tf.space.cost import cost, trunk_macs
from tofa_tf.space.plan import make_plan
from tofa_tf.training.sampling import random_arch


class CostTest(tf.test.TestCase, parameterized.TestCase):
    def test_equals_hand_made_values(self):
        figures = cost(SPACE, ARCH, num_classes=10)
        # Stem 16 -> 8 x 8; stage 1 at 8 x 8; stage 2 from 8 x 8 to 4 x 4.
        stem = 9 * 3 * 8
        depthwise_1, project_1 = 9 * 8, 8 * 8
        expand, depthwise_2, project_2 = 8 * 24, 25 * 24, 24 * 16
        squeeze, excite = 24 * 8, 8 * 24
        head, feature, classifier = 16 * 96, 96 * 32, 32 * 10
        self.assertEqual(
            figures.macs,
            64 * (stem + depthwise_1 + project_1 + expand)
            + 16 * (depthwise_2 + project_2 + head)
            + (squeeze + excite + feature + classifier),
        )
        weights = stem + depthwise_1 + project_1 + expand + depthwise_2 + project_2
        weights += squeeze + excite + head + feature + classifier
        norms = 2 * (8 + 8 + 8 + 24 + 24 + 16 + 96)
        self.assertEqual(figures.params, weights + norms + (8 + 24) + 10)
        biases = 8 + 8 + 8 + 24 + 24 + 8 + 24 + 16 + 96 + 32 + 10
        self.assertEqual(figures.weight_bytes, weights + 4 * biases)
        # Swish of the expand convolution: what came in, its sigmoid, the product, 8 x 8 x 24 each.
        self.assertEqual(figures.peak_activation_bytes, 3 * 64 * 24)

    @parameterized.parameters(*((name,) for name in TEST_SPACES))
    def test_macs_and_params_equal_a_count_over_the_static_model(self, name):
        space = TEST_SPACES[name]
        archs = [space.min_arch, space.max_arch]
        archs += [random_arch(space, random.Random(seed)) for seed in range(2)]
        for arch in archs:
            model = build_static(space, make_plan(space, arch), num_classes=7)
            figures = cost(space, arch, num_classes=7)
            self.assertEqual(figures.macs, count_macs(model))
            self.assertEqual(figures.params, count_params(model))

    def test_operators_read_only_what_exists(self):
        for space in TEST_SPACES.values():
            graph = cost(space, space.max_arch, 10).graph
            written = {graph.inputs[0].index}
            for op in graph.ops:
                read = {tensor.index for tensor in op.inputs if not tensor.data_bytes}
                self.assertLessEqual(read, written)
                written |= {tensor.index for tensor in op.outputs}
            self.assertEqual(graph.ops[-1].name, "FULLY_CONNECTED")
            self.assertEqual(graph.ops[-1].outputs, graph.outputs)

    def test_macs_for_samplers_leave_the_classifier_out(self):
        self.assertEqual(trunk_macs(SPACE, ARCH), cost(SPACE, ARCH, 10).macs - 32 * 10)

    def test_grey_images_have_a_smaller_stem(self):
        colour, grey = cost(SPACE, ARCH, 10), cost(SPACE, ARCH, 10, channels=1)
        self.assertEqual(colour.params - grey.params, 9 * 2 * 8)
        self.assertEqual(colour.macs - grey.macs, 64 * 9 * 2 * 8)

    def test_grows_with_every_choice(self):
        for space in TEST_SPACES.values():
            small, large = (cost(space, a, 10) for a in (space.min_arch, space.max_arch))
            for field in ("macs", "params", "weight_bytes", "tflite_bytes", "arena_bytes"):
                self.assertLess(getattr(small, field), getattr(large, field))


if __name__ == "__main__":
    tf.test.main()
