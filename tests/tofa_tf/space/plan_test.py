import numpy as np
import tensorflow as tf
from absl.testing import parameterized

from tofa_tf.space.arch import Arch, StageArch
from tofa_tf.space.plan import BLOCK_FIELDS, encode, make_divisible, make_plan, num_slots
from tofa_tf.space.search_space import Head, SearchSpace, Stage, Stem

# Small enough to work every number out by hand.
SPACE = SearchSpace(
    name="hand",
    resolutions=(16,),
    stem=Stem(widths=(8,), activation="relu6"),
    stages=(
        Stage((8,), (1,), (3,), (1,), stride=1, activation="relu6"),
        Stage((16,), (1, 2), (3, 5), (2, 3), stride=2, activation="swish", squeeze_excite=True),
    ),
    head=Head(activation="swish", expand=6, feature_widths=(32,)),
)
ARCH = Arch(
    resolution=16,
    stem_width=8,
    stages=(StageArch(8, (3,), (1,)), StageArch(16, (5,), (3,))),
    feature_width=32,
)


class PlanTest(tf.test.TestCase, parameterized.TestCase):
    # 8 * 11/3 = 29.3 -> 32; 18 -> 24, since 16 is more than 10 % below.
    @parameterized.parameters((8, 8), (11, 16), (12, 16), (18, 24), (29.3, 32), (88, 88), (1, 8))
    def test_make_divisible(self, value, expected):
        self.assertEqual(make_divisible(value), expected)

    def test_sizes_of_every_block(self):
        plan = make_plan(SPACE, ARCH)
        first, second = plan.blocks
        self.assertEqual((first.in_channels, first.mid, first.width, first.se), (8, 8, 8, 0))
        self.assertEqual((first.stride, first.has_expand, first.shortcut), (1, False, "identity"))
        self.assertEqual((second.in_channels, second.mid, second.width, second.se), (8, 24, 16, 8))
        self.assertEqual((second.stride, second.has_expand, second.shortcut), (2, True, "none"))
        self.assertEqual((plan.head_width, plan.feature_width), (96, 32))

    def test_vector_has_zeros_for_blocks_that_are_not_active(self):
        vector = encode(SPACE, ARCH)
        self.assertEqual(vector.dtype, np.int32)
        self.assertLen(vector, 4 + 3 * 5)
        self.assertEqual(num_slots(SPACE), 3)
        self.assertAllEqual(vector[:4], [16, 8, 96, 32])
        self.assertEqual(BLOCK_FIELDS, ("active", "kernel", "mid", "width", "se"))
        self.assertAllEqual(
            vector[4:].reshape(3, 5), [[1, 3, 8, 8, 0], [1, 5, 24, 16, 8], [0, 0, 0, 0, 0]]
        )


if __name__ == "__main__":
    tf.test.main()
