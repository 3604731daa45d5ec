import numpy as np
import tensorflow as tf
from absl.testing import parameterized

from tests.tofa_tf.spaces_for_tests import stage_arch
from tofa_tf.blocks.family import make_divisible
from tofa_tf.blocks.inverted_bottleneck import InvertedBottleneck
from tofa_tf.space.arch import Arch
from tofa_tf.space.plan import encode, make_plan, vector_length
from tofa_tf.space.search_space import Head, SearchSpace, Stage, Stem

# Small enough to work every number out by hand.
SPACE = SearchSpace(
    name="hand",
    resolutions=(16,),
    stem=Stem(widths=(8,), activation="relu6"),
    stages=(
        Stage((8,), (1,), 1, InvertedBottleneck((3,), (1,))),
        Stage((16,), (1, 2), 2, InvertedBottleneck((3, 5), (2, 3), "swish", squeeze_excite=True)),
    ),
    head=Head(activation="swish", expand=6, feature_widths=(32,)),
)
ARCH = Arch(
    space="hand",
    resolution=16,
    stem_width=8,
    stages=(stage_arch(8, (3,), (1,)), stage_arch(16, (5,), (3,))),
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
        self.assertEqual((first.name, second.name), ("stage1_block0", "stage2_block0"))
        self.assertEqual(first.sizes, {"kernel": 3, "mid": 8, "squeeze": 0})
        self.assertEqual((first.width, first.stride, first.keeps_shape), (8, 1, True))
        self.assertEqual(second.sizes, {"kernel": 5, "mid": 24, "squeeze": 8})
        self.assertEqual((second.width, second.stride, second.keeps_shape), (16, 2, False))
        self.assertEqual((plan.stem_stride, plan.head_width, plan.feature_width), (2, 96, 32))

    def test_vector_has_zeros_for_blocks_that_are_not_active(self):
        vector = encode(SPACE, ARCH)
        self.assertEqual(vector.dtype, np.int32)
        self.assertLen(vector, vector_length(SPACE))
        self.assertAllEqual(vector[:5], [16, 8, 2, 96, 32])
        self.assertAllEqual(
            vector[5:].reshape(3, 5), [[1, 8, 3, 8, 0], [1, 16, 5, 24, 8], [0, 0, 0, 0, 0]]
        )


if __name__ == "__main__":
    tf.test.main()
