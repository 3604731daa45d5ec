import dataclasses

import tensorflow as tf

from tests.tofa_tf.spaces_for_tests import TINY
from tests.tofa_tf.trained import experiment
from tofa_tf.select.effort import Effort, forward_effort, training_effort
from tofa_tf.space.cost import cost
from tofa_tf.training.experiment import Experiment
from tofa_tf.training.sampling import SandwichSampler

# 8 labelled images a step, and 2 unlabelled ones for each, seen once or twice.
_LARGEST_SEES, _OTHERS_SEE = 8 * (1 + 2 * 2), 8 * (1 + 2)


def _experiment(space=TINY, **changes) -> Experiment:
    made = experiment()
    return dataclasses.replace(
        made, space=space, config=dataclasses.replace(made.config, **changes)
    )


def _macs(arch, space=TINY) -> int:
    return cost(space, arch, 10, experiment().channels).macs


class EffortTest(tf.test.TestCase):
    def test_efforts_add_up_figure_by_figure(self):
        whole = Effort(1.5, 20, 3, 0.25) + Effort(0.5, 1, 40, 2.0)
        self.assertEqual(whole, Effort(2.0, 21, 43, 2.25))
        self.assertEqual(whole + Effort(), whole)

    def test_a_forward_pass_counts_once(self):
        self.assertEqual(forward_effort(2_500_000, 400, 3.0), Effort(3.0, 0, 400, 1.0))

    def test_a_single_net_sees_labelled_images_and_both_views_of_the_others(self):
        space = TINY.only(TINY.min_arch)
        found = training_effort(_experiment(space, steps=12), 7.0)
        passes = 12 * _LARGEST_SEES
        self.assertEqual((found.seconds, found.training_passes), (7.0, passes))
        self.assertEqual(found.forward_passes, 0)
        # Forward, the gradient of inputs, the gradient of weights.
        self.assertAllClose(found.gmacs, 3 * passes * _macs(space.max_arch, space) / 1e9)

    def test_the_other_nets_of_a_sandwich_see_one_view(self):
        found = training_effort(_experiment(steps=6, num_random=1, seed=4), 7.0)
        self.assertEqual(found.training_passes, 6 * (_LARGEST_SEES + 2 * _OTHERS_SEE))
        sampler = SandwichSampler(TINY, 4, 1)
        expected = 0
        for step in range(6):
            (_, largest), *others = sampler.archs(step)
            expected += _LARGEST_SEES * _macs(largest)
            expected += _OTHERS_SEE * sum(_macs(arch) for _, arch in others)
        self.assertAllClose(found.gmacs, 3 * expected / 1e9)

    def test_steps_beyond_those_that_are_drawn_cost_what_these_do(self):
        short, long = (training_effort(_experiment(steps=n), 0.0) for n in (50, 5000))
        self.assertEqual(long.training_passes, 100 * short.training_passes)
        self.assertAllClose(long.gmacs, 100 * short.gmacs)


if __name__ == "__main__":
    tf.test.main()
