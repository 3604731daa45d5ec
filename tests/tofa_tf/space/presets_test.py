import dataclasses

import keras
import tensorflow as tf
from absl.testing import parameterized

from tests.tofa_tf.counting import count_macs, count_params
from tests.tofa_tf.spaces_for_tests import stage_arch
from tofa_tf.common.errors import UserError
from tofa_tf.space.arch import Arch, StageArch
from tofa_tf.space.cost import cost
from tofa_tf.space.presets import get_space

# Resolution, widths (stem, seven stages, feature), kernels, expand ratios, depths, published MMACs:
# the nets of AttentiveNAS and AlphaNet.
PUBLISHED = {
    "A0": (192, (16, 16, 24, 32, 64, 112, 192, 216, 1792), "3333333", "1444466", "1333331", 203),
    "A1": (224, (16, 16, 24, 32, 64, 112, 192, 216, 1984), "3335353", "1444466", "1333331", 279),
    "A2": (224, (16, 16, 24, 32, 64, 112, 200, 224, 1984), "3333353", "1454466", "1333341", 317),
    "A3": (224, (16, 16, 24, 32, 64, 112, 208, 224, 1984), "3335333", "1444466", "2334351", 357),
    "A4": (256, (16, 16, 24, 32, 64, 112, 192, 216, 1984), "3335353", "1445466", "1334351", 444),
    "A5": (256, (16, 16, 24, 32, 72, 112, 192, 216, 1792), "3335333", "1454466", "1333461", 491),
    "A5_small": (
        256, (16, 16, 24, 32, 64, 112, 208, 216, 1984), "3333353", "1445466", "1334451", 491,
    ),
    "A5_base": (
        288, (16, 16, 24, 32, 64, 112, 200, 216, 1984), "3355333", "1444566", "2343351", 596,
    ),
    "A6": (288, (16, 16, 24, 32, 64, 112, 216, 224, 1984), "3333353", "1465466", "1334461", 709),
}  # fmt: skip


def attentive_arch(resolution, widths, kernels, expands, depths) -> Arch:
    """An Arch of `attentive_nas` from one value per stage."""
    stem_width, *stage_widths, feature_width = widths
    stages = tuple(
        stage_arch(width, (int(kernel),) * int(depth), (int(expand),) * int(depth))
        for width, kernel, expand, depth in zip(stage_widths, kernels, expands, depths, strict=True)
    )
    return Arch("attentive_nas", resolution, stem_width, stages, feature_width)


class SpacesTest(tf.test.TestCase, parameterized.TestCase):
    @parameterized.parameters(*PUBLISHED)
    def test_published_nets_cost_what_was_published(self, name):
        *choices, mmacs = PUBLISHED[name]
        space = get_space("attentive_nas")
        figures = cost(space, attentive_arch(*choices), num_classes=1000)
        self.assertAllClose(figures.macs / 1e6, mmacs, rtol=0.005, atol=0)

    def test_extremes_of_attentive_nas(self):
        space = get_space("attentive_nas")
        *choices, _ = PUBLISHED["A0"]
        smallest = dataclasses.replace(space.min_arch, resolution=192)
        self.assertEqual(smallest, attentive_arch(*choices))
        self.assertAllClose(cost(space, smallest, 1000).params / 1e6, 8.95, rtol=0.005)
        self.assertAllClose(cost(space, smallest, 10).params / 1e6, 7.18, rtol=0.005)
        largest = cost(space, space.max_arch, 1000)
        self.assertAllClose(largest.macs / 1e6, 1939, rtol=0.005)
        self.assertAllClose(largest.params / 1e6, 23.40, rtol=0.005)

    @parameterized.parameters(
        ("ofa_mbv3_w1.0", "min", 96, 3.41, 24.5),
        ("ofa_mbv3_w1.0", "min", 128, 3.41, 41.5),
        ("ofa_mbv3_w1.0", "min", 160, 3.41, 63.2),
        ("ofa_mbv3_w1.0", "min", 224, 3.41, 121.3),
        ("ofa_mbv3_w1.0", "max", 224, 7.67, 566),
        ("ofa_mbv3_w1.2", "min", 224, 4.60, 193),
        ("ofa_mbv3_w1.2", "max", 224, 10.70, 843),
    )
    def test_sizes_of_once_for_all(self, name, which, resolution, mega_params, mmacs):
        space = get_space(name)
        arch = space.min_arch if which == "min" else space.max_arch
        figures = cost(space, dataclasses.replace(arch, resolution=resolution), num_classes=1000)
        self.assertAllClose(figures.params / 1e6, mega_params, rtol=0.002)
        self.assertAllClose(figures.macs / 1e6, mmacs, rtol=0.002)

    def test_efficientnet_lite0_costs_what_was_published(self):
        space = get_space("efficientnet_lite0")
        figures = cost(space, space.max_arch, num_classes=1000)
        # github.com/tensorflow/tpu, models/official/efficientnet/lite; parameters as in its file.
        self.assertAllClose(figures.macs / 1e6, 407, rtol=0.06)
        self.assertEqual(figures.params, 4_652_008)

    def test_mcu_ds_holds_mobilenet_v1_025(self):
        space = get_space("mcu_ds")
        widths, depths = (16, 32, 64, 128, 256), (1, 2, 2, 6, 2)
        stages = tuple(
            StageArch.make(width, depth, {"kernel": (3,) * depth})
            for width, depth in zip(widths, depths, strict=True)
        )
        arch = Arch("mcu_ds", 96, 8, stages)
        figures = cost(space, arch, num_classes=2)
        reference = keras.applications.MobileNet((96, 96, 3), 0.25, weights=None, classes=2)
        self.assertEqual(figures.params, count_params(reference))
        self.assertEqual(figures.macs, count_macs(reference))

    def test_mcu_resnet_holds_resnet_8(self):
        space = get_space("mcu_resnet")
        stages = tuple(StageArch.make(width, 1, {"expand": (1,)}) for width in (16, 32, 64))
        figures = cost(space, Arch("mcu_resnet", 32, 16, stages), num_classes=10)
        # MLPerf Tiny's image classification (arXiv 2106.07597).
        self.assertAllClose(figures.macs / 1e6, 12.50, rtol=0.002)
        self.assertAllClose(figures.params / 1e3, 78, rtol=0.01)

    @parameterized.parameters(
        ("min", 32, 0.8, 16, 21),
        ("min", 96, 1.9, 16, 55),
        ("max", 32, 17, 460, 131),
        ("max", 64, 17, 460, 131),
        ("max", 96, 39, 460, 231),
    )
    def test_mcu_wide_fits_boards(self, which, resolution, mmacs, kilo_params, arena_kib):
        space = get_space("mcu_wide").at_resolutions((resolution,))
        figures = cost(space, space.min_arch if which == "min" else space.max_arch, 10)
        self.assertAllClose(figures.macs / 1e6, mmacs, rtol=0.05)
        self.assertAllClose(figures.params / 1e3, kilo_params, rtol=0.05)
        self.assertLess(figures.arena_bytes / 1024, arena_kib)

    @parameterized.parameters("mcu", "mcu_wide", "mcu_ds", "mcu_resnet")
    def test_spans_ten_times_the_macs_at_one_resolution(self, name):
        space = get_space(name).at_resolutions((32,))
        small, large = (cost(space, arch, 10).macs for arch in (space.min_arch, space.max_arch))
        self.assertGreaterEqual(large, 10 * small)

    def test_an_own_head_makes_the_smallest_net_smaller(self):
        space = get_space("ofa_mbv3_w1.0")
        self.assertAllClose(cost(space, space.min_arch, 10).params / 1e6, 2.14, rtol=0.005)

    def test_unknown_space_lists_those_there_are(self):
        with self.assertRaisesRegex(
            UserError,
            "'ofa'; available: attentive_nas, efficientnet_lite0, mcu, mcu_ds, mcu_resnet",
        ):
            get_space("ofa")


if __name__ == "__main__":
    tf.test.main()
