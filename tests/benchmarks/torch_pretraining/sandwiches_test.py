import collections

import tensorflow as tf

from benchmarks.torch_pretraining.sandwiches import Sandwiches
from tofa_tf.space.plan import make_plan
from tofa_tf.space.presets import get_space


class SandwichesTest(tf.test.TestCase):
    def setUp(self):
        super().setUp()
        self.space = get_space("mcu_wide")
        self.sandwiches = Sandwiches(self.space, (32, 64), (3, 1), count=2, num_random=2, seed=5)

    def test_largest_and_smallest_net_lead_at_the_size_of_the_step(self):
        for step in range(6):
            size = self.sandwiches.size(step)
            space = self.space.at_resolutions((size,))
            largest, smallest, *others = self.sandwiches.plans(step)
            self.assertEqual(largest, make_plan(self.space, space.max_arch))
            self.assertEqual(smallest, make_plan(self.space, space.min_arch))
            self.assertEqual([plan.resolution for plan in others], [size, size])

    def test_there_are_few_and_they_are_the_same_objects(self):
        # A step is recorded once for each of them.
        found = {id(self.sandwiches.plans(step)) for step in range(100)}
        self.assertLen(found, 4)

    def test_sizes_have_their_shares(self):
        counts = collections.Counter(self.sandwiches.size(step) for step in range(2000))
        self.assertAlmostEqual(counts[32] / 2000, 0.75, delta=0.03)

    def test_equal_seeds_draw_equal_nets(self):
        again = Sandwiches(self.space, (32, 64), (3, 1), count=2, num_random=2, seed=5)
        for step in range(5):
            self.assertEqual(again.plans(step), self.sandwiches.plans(step))


if __name__ == "__main__":
    tf.test.main()
