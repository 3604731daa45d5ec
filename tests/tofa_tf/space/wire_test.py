import dataclasses

import tensorflow as tf
from absl.testing import parameterized

from tests.tofa_tf.space.plan_test import ARCH, SPACE
from tests.tofa_tf.spaces_for_tests import DS_LIKE, KERAS_LIKE, MCU_LIKE
from tofa_tf.blocks.net_builder import Conv, NetBuilder
from tofa_tf.space.plan import make_plan
from tofa_tf.space.wire import wire


class _Notes(NetBuilder[int]):
    """Writes down every operation; a value is the number of its channels."""

    def __init__(self):
        self.made = {}

    def _note(self, name: str, op: object, channels: int) -> int:
        self.made[self.prefix + name] = op
        return channels

    def conv(self, x, op):
        return self._note(op.name, op, op.filters)

    def depthwise(self, x, op):
        return self._note(op.name, op, x)

    def pool(self, x, name):
        return self._note(name, "pool", x)

    def shrink(self, x, name, stride):
        return self._note(name, f"shrink {stride}", x)

    def add(self, x, y, name, activation="linear"):
        assert x == y
        return self._note(name, f"add {activation}", x)

    def multiply(self, x, gate, name):
        assert x == gate
        return self._note(name, "multiply", x)

    def dense(self, x, name, units):
        return self._note(name, f"dense {x} to {units}", units)

    def channels(self, x):
        return x


def _wired(space, arch=None) -> dict[str, object]:
    notes = _Notes()
    plan = make_plan(space, arch or space.max_arch)
    assert wire(space, plan, 10, notes, 3) == 10
    return notes.made


class WireTest(tf.test.TestCase, parameterized.TestCase):
    def test_operations_in_the_order_in_which_they_run(self):
        self.assertEqual(
            list(_wired(SPACE, ARCH)),
            [
                "stem",
                *("stage1_block0_depthwise", "stage1_block0_project", "stage1_block0_add"),
                *("stage2_block0_expand", "stage2_block0_depthwise", "stage2_block0_se_pool"),
                *("stage2_block0_se_reduce", "stage2_block0_se_expand", "stage2_block0_se_scale"),
                *("stage2_block0_project", "head_conv", "pool", "feature", "classifier"),
            ],
        )

    def test_stem_and_head_of_a_space_that_has_everything(self):
        made = _wired(SPACE, ARCH)
        self.assertEqual(
            made["stem"], Conv("stem", 8, kernel=3, stride=2, strides=(2,), activation="relu6")
        )
        self.assertEqual(made["head_conv"], Conv("head_conv", 96, activation="swish"))
        self.assertEqual(made["feature"], Conv("feature", 32, activation="swish", norm=False))
        self.assertEqual(made["classifier"], "dense 32 to 10")

    def test_without_a_head_the_classifier_reads_the_last_stage(self):
        made = _wired(MCU_LIKE)
        self.assertEqual(list(made)[-3:], ["stage3_block1_add", "pool", "classifier"])
        self.assertEqual(made["classifier"], "dense 40 to 10")

    def test_the_feature_layer_has_a_bias_where_the_space_says_so(self):
        self.assertTrue(_wired(KERAS_LIKE)["feature"].bias)

    @parameterized.parameters((16, 1), (32, 2))
    def test_the_stem_has_the_stride_of_the_resolution_and_all_that_the_space_has(
        self, resolution, stride
    ):
        arch = dataclasses.replace(DS_LIKE.max_arch, resolution=resolution)
        stem = _wired(DS_LIKE, arch)["stem"]
        self.assertEqual((stem.stride, stem.strides), (stride, (1, 2)))


if __name__ == "__main__":
    tf.test.main()
