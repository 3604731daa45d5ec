import dataclasses
import math

import tensorflow as tf

from benchmarks.evidence.compare import gains, overall
from tests.benchmarks.evidence.records_for_tests import row


class CompareTest(tf.test.TestCase):
    def test_gains_are_paired_by_split(self):
        rows = [
            row("tofa", (0.50, 0.60), seed=0),
            row("tofa", (0.60, 0.70), seed=1),
            row("tofa", (0.90, 0.90), seed=2),
            row("ridge", (0.48, 0.59), seed=0),
            row("ridge", (0.54, 0.66), seed=1),
        ]
        small, large = gains(rows, "tofa", "ridge")
        self.assertAllClose(small.points, [2.0, 6.0])
        self.assertAllClose(large.points, [1.0, 4.0])
        self.assertAllClose((small.mean, small.deviation), (4.0, math.sqrt(8)))
        # A split's mean over its levels is one observation: 1.5 and 5.
        mean, error = overall([small, large])
        self.assertAllClose((mean, error), (3.25, math.sqrt(6.125 / 2)))
        self.assertEqual(gains(rows, "tofa", "scratch"), [])
        # Of one split nobody knows how splits differ: as elsewhere. The mean is that of two sets.
        other = [row(arm, (0.5, 0.5), image_set="b") for arm in ("tofa", "ridge")]
        mean, error = overall(gains([*rows, *other], "tofa", "ridge"))
        self.assertAllClose((mean, error), (3.25 / 2, math.sqrt(6.125 / 2 + 6.125) / 2))

    def test_a_net_of_one_level_is_compared_with_that_level(self):
        net = row("resnet8", (0.5,))
        net = row("resnet8", (), levels=(net.levels[0].__class__(1, 1, 0.5, 0.5, 0.1, band=1),))
        (gain,) = gains([row("tofa", (0.4, 0.6, 0.7)), net], "tofa", "resnet8")
        self.assertAllClose((gain.band, gain.mean), (1, 10.0))

    def test_several_nets_of_one_level_count_as_their_mean(self):
        one = row("spread", (0.4, 0.8))
        levels = tuple(dataclasses.replace(level, band=0) for level in one.levels)
        (gain,) = gains(
            [row("tofa", (0.7,)), dataclasses.replace(one, levels=levels)], "tofa", "spread"
        )
        self.assertAllClose(gain.mean, 10.0)

    def test_every_set_counts_the_same(self):
        rows = [
            row("tofa", (0.5, 0.5, 0.5), image_set="a"),
            row("ridge", (0.4, 0.4, 0.4), image_set="a"),
            row("tofa", (0.5,), image_set="b"),
            row("ridge", (0.5,), image_set="b"),
        ]
        self.assertAllClose(overall(gains(rows, "tofa", "ridge")), (5.0, 0.0))


if __name__ == "__main__":
    tf.test.main()
