import dataclasses

import tensorflow as tf
from absl.testing import parameterized

from tofa_tf.blocks.inverted_bottleneck import InvertedBottleneck
from tofa_tf.common.errors import UserError

# Every option differs from its default.
_BLOCK = InvertedBottleneck(
    (3, 5), (3, 4.5), "swish", True, (1.0, 0.75), shortcut="projected", kernel_transform=True
)


class SizesTest(tf.test.TestCase, parameterized.TestCase):
    @parameterized.parameters(
        # 16 * 3 = 48, a quarter of it 12.
        (16, 3, 0, 48, 16),
        # 24 * 4.5 = 108, a quarter of 112 is 28.
        (24, 4.5, 0, 112, 32),
        # 24 * 4.5 * 0.75 = 81; of 80 a quarter is 20.
        (24, 4.5, 1, 80, 24),
        # 8 * 3 * 0.75 = 18, of which 16 would be more than a tenth too few.
        (8, 3, 1, 24, 8),
    )
    def test_by_hand(self, in_channels, expand, index, mid, squeeze):
        chosen = {"kernel": 5, "expand": expand}
        for width in (8, 64):
            self.assertEqual(
                _BLOCK.sizes(in_channels, width, index, chosen),
                {"kernel": 5, "mid": mid, "squeeze": squeeze},
            )

    def test_without_expand_the_channels_stay_what_they_are(self):
        block = InvertedBottleneck((3,), (1,))
        sizes = block.sizes(13, 64, 0, {"kernel": 3, "expand": 1})
        self.assertEqual(sizes, {"kernel": 3, "mid": 13, "squeeze": 0})


class OnlyTest(tf.test.TestCase):
    def test_nothing_is_left_to_choose_and_all_else_stays(self):
        single = _BLOCK.only(1, {"kernel": 5, "expand": 3})
        self.assertEqual(
            single, dataclasses.replace(_BLOCK, kernels=(5,), expands=(3,), expand_scales=(0.75,))
        )
        single.check(depth=1)

    def test_the_block_alone_has_the_sizes_that_it_had_in_its_stage(self):
        for index in (0, 1):
            chosen = {"kernel": 3, "expand": 4.5}
            single = _BLOCK.only(index, chosen)
            self.assertEqual(single.largest(), chosen)
            self.assertEqual(single.sizes(24, 40, 0, chosen), _BLOCK.sizes(24, 40, index, chosen))

    def test_equal_ratios_need_no_scale(self):
        block = InvertedBottleneck((3, 5), (2, 3))
        self.assertEqual(block.only(4, {"kernel": 3, "expand": 2}), InvertedBottleneck((3,), (2,)))


class CheckTest(tf.test.TestCase, parameterized.TestCase):
    @parameterized.parameters(1, 3)
    def test_every_block_of_a_stage_has_its_scale(self, depth):
        _BLOCK.check(depth=2)
        with self.assertRaisesRegex(UserError, "one expand scale is needed for every block"):
            _BLOCK.check(depth)

    def test_no_expand_convolution_is_a_choice_alone(self):
        for expands in ((1,), (1.0,), (0.5, 2)):
            InvertedBottleneck((3,), expands).check(depth=1)
        for expands in ((1, 2), (6, 1.0)):
            with self.assertRaisesRegex(UserError, "expand ratio 1 is the only choice"):
                InvertedBottleneck((3,), expands).check(depth=1)


if __name__ == "__main__":
    tf.test.main()
