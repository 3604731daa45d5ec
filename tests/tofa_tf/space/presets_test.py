import dataclasses

import tensorflow as tf
from absl.testing import parameterized

from tofa_tf.common.errors import UserError
from tofa_tf.space.arch import Arch, StageArch
from tofa_tf.space.cost import cost
from tofa_tf.space.presets import SPACES, get_space

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
        StageArch(width, (int(kernel),) * int(depth), (int(expand),) * int(depth))
        for width, kernel, expand, depth in zip(stage_widths, kernels, expands, depths, strict=True)
    )
    return Arch(resolution, stem_width, stages, feature_width)


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

    def test_an_own_head_makes_the_smallest_net_smaller(self):
        space = get_space("ofa_mbv3_w1.0")
        self.assertAllClose(cost(space, space.min_arch, 10).params / 1e6, 2.14, rtol=0.005)

    def test_unknown_space_lists_those_there_are(self):
        with self.assertRaisesRegex(UserError, "'ofa'; available: attentive_nas, mcu, ofa_mbv3_w1"):
            get_space("ofa")
        self.assertLen(SPACES, 4)


if __name__ == "__main__":
    tf.test.main()
