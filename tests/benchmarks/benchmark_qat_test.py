import random

import tensorflow as tf

from benchmarks.benchmark_qat import spread
from tofa_tf.common.errors import UserError
from tofa_tf.space.cost import trunk_macs
from tofa_tf.space.presets import get_space
from tofa_tf.training.sampling import random_arch


class SpreadTest(tf.test.TestCase):
    def setUp(self):
        super().setUp()
        self.space = get_space("mcu")
        generator = random.Random(0)
        self.archs = [random_arch(self.space, generator) for _ in range(40)]

    def test_different_subnets_over_the_whole_range(self):
        chosen = spread(self.space, self.archs, 10)
        self.assertLen(set(chosen), 10)
        every, ours = (
            sorted(trunk_macs(self.space, arch) for arch in a) for a in (self.archs, chosen)
        )
        self.assertEqual((every[0], every[-1]), (ours[0], ours[-1]))

    def test_a_short_log_is_refused(self):
        with self.assertRaisesRegex(UserError, "has 3 subnets"):
            spread(self.space, self.archs[:3], 10)


if __name__ == "__main__":
    tf.test.main()
