import tensorflow as tf
from absl.testing import parameterized

from tofa_tf.blocks.basic_residual import BasicResidual
from tofa_tf.blocks.depthwise_separable import DepthwiseSeparable
from tofa_tf.blocks.family import BlockPlan, check_activation, check_kernels, make_divisible
from tofa_tf.common.errors import UserError


def _plan(stride: int, keeps_width: bool | None) -> BlockPlan:
    return BlockPlan(2, 1, DepthwiseSeparable(), stride, 16, {"kernel": 3}, keeps_width)


class BlockPlanTest(tf.test.TestCase):
    def test_the_name_of_a_block_is_its_place(self):
        self.assertEqual(_plan(1, True).name, "stage2_block1")

    def test_a_block_keeps_the_shape_only_without_stride(self):
        for keeps_width in (True, False, None):
            self.assertIs(_plan(1, keeps_width).keeps_shape, keeps_width)
            self.assertIs(_plan(2, keeps_width).keeps_shape, False)


class BlockTest(tf.test.TestCase, parameterized.TestCase):
    @parameterized.parameters(
        (DepthwiseSeparable((3, 5), "swish"), {"kernel": 5}, DepthwiseSeparable((5,), "swish")),
        (BasicResidual((0.5, 1), "relu6"), {"expand": 0.5}, BasicResidual((0.5,), "relu6")),
    )
    def test_only_what_was_chosen_is_left(self, block, chosen, expected):
        self.assertEqual(block.only(1, chosen), expected)

    def test_the_largest_need_not_be_the_last(self):
        self.assertEqual(BasicResidual((0.5, 2, 1)).largest(), {"expand": 2})
        self.assertEqual(DepthwiseSeparable((5, 3)).largest(), {"kernel": 5})

    def test_json_is_what_stands_in_files(self):
        expected = {"family": "depthwise_separable", "kernels": [3, 5], "activation": "swish"}
        found = DepthwiseSeparable((3, 5), "swish").to_json()
        # A list equals a tuple to absl.
        self.assertEqual(repr(found), repr(expected))


class RulesTest(tf.test.TestCase, parameterized.TestCase):
    @parameterized.parameters(1, 4, 8)
    def test_channels_are_the_nearest_multiple_that_is_not_far_below(self, divisor):
        for value in range(1, 200):
            multiples = range(divisor, 300, divisor)
            enough = [multiple for multiple in multiples if multiple >= 0.9 * value]
            # Of two as near the larger one.
            nearest = min(enough, key=lambda multiple: (abs(multiple - value), -multiple))
            self.assertEqual(make_divisible(value, divisor), nearest)

    @parameterized.parameters(0, -1, -3, 2)
    def test_kernels_have_a_centre(self, size):
        check_kernels((1, 3, 11))
        with self.assertRaisesRegex(UserError, f"kernel size {size}: odd sizes only"):
            check_kernels((3, size))

    def test_an_unknown_activation_is_told_the_known_ones(self):
        check_activation("hard_swish")
        with self.assertRaisesRegex(UserError, "'mish'; one of linear, relu, relu6, swish, hard_"):
            check_activation("mish")


if __name__ == "__main__":
    tf.test.main()
