import random

import tensorflow as tf
from absl.testing import parameterized

from tests.tofa_tf.space.plan_test import ARCH, SPACE
from tests.tofa_tf.spaces_for_tests import TEST_SPACES
from tofa_tf.space.decode import decode
from tofa_tf.space.plan import encode, make_plan, slots
from tofa_tf.space.presets import get_space
from tofa_tf.training.sampling import random_arch


class DecodeTest(tf.test.TestCase, parameterized.TestCase):
    @parameterized.parameters(*TEST_SPACES)
    def test_decoding_gives_the_plan_back(self, name):
        space = TEST_SPACES[name]
        for arch in (space.min_arch, space.max_arch, random_arch(space, random.Random(1))):
            plan, decoded = make_plan(space, arch), decode(space, tf.constant(encode(space, arch)))
            for field in ("resolution", "stem_width", "stem_stride", "head_width"):
                self.assertEqual(int(getattr(decoded, field)), getattr(plan, field))
            active = [
                block
                for block, is_active in zip(decoded.blocks, decoded.active, strict=True)
                if is_active
            ]
            for block, expected in zip(active, plan.blocks, strict=True):
                self.assertEqual(block.name, expected.name)
                self.assertEqual(int(block.width), expected.width)
                self.assertEqual({k: int(v) for k, v in block.sizes.items()}, expected.sizes)

    def test_what_all_subnets_share_is_known_before_the_graph_runs(self):
        plan = decode(SPACE, tf.constant(encode(SPACE, ARCH)))
        self.assertEqual((plan.resolution, plan.stem_stride), (16, 2))
        self.assertEqual((plan.stem_width, plan.head_width, plan.feature_width), (8, 96, 32))
        first, second, _ = plan.blocks
        self.assertEqual((first.width, first.sizes), (8, {"kernel": 3, "mid": 8, "squeeze": 0}))
        self.assertEqual((second.width, second.sizes["squeeze"]), (16, 8))
        self.assertTrue(tf.is_tensor(second.sizes["kernel"]))
        self.assertEqual([slot.keeps_width for slot in slots(SPACE)], [True, False, True])
        open_ends = [slot.keeps_width for slot in slots(get_space("mcu"))]
        self.assertEqual(open_ends[:4], [None, None, True, None])


if __name__ == "__main__":
    tf.test.main()
