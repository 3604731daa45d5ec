import random

import tensorflow as tf
from absl.testing import parameterized

from tests.tofa_tf.spaces_for_tests import TEST_SPACES
from tofa_tf.select.evolution import Evolution, crossed, evolve, mutated
from tofa_tf.space.cost import trunk_macs
from tofa_tf.space.presets import get_space
from tofa_tf.training.sampling import random_arch


class EvolutionTest(tf.test.TestCase, parameterized.TestCase):
    @parameterized.parameters(*TEST_SPACES)
    def test_children_are_points_of_the_space_with_genes_of_their_parents(self, name):
        space, generator = TEST_SPACES[name], random.Random(0)
        for _ in range(30):
            one, other = (random_arch(space, generator) for _ in range(2))
            child = crossed(one, other, generator)
            space.validate(child)
            for mine, theirs, new in zip(one.stages, other.stages, child.stages, strict=True):
                self.assertIn(new.width, (mine.width, theirs.width))
                self.assertIn(new.choices, (mine.choices, theirs.choices))
            space.validate(mutated(one, space, generator, mutation=0.5))

    def test_mutation_changes_so_many_genes(self):
        space, generator = get_space("mcu"), random.Random(0)
        arch = space.max_arch
        self.assertEqual(mutated(arch, space, generator, mutation=0.0), arch)
        widths = [mutated(arch, space, generator, 0.4).stages[-1].width for _ in range(500)]
        # One of four widths is what it was before, too.
        changed = sum(width != arch.stages[-1].width for width in widths) / len(widths)
        self.assertAllClose(changed, 0.4 * 3 / 4, atol=0.06)

    def test_improves_on_its_first_subnets_and_on_as_many_draws(self):
        space = get_space("mcu").at_resolutions((32,))
        limit = 0.4 * trunk_macs(space, space.max_arch)

        def allowed(arch):
            return trunk_macs(space, arch) <= limit

        def score(arch):
            return sum(stage.width * stage.depth for stage in arch.stages)

        generator = random.Random(3)
        draws = [a for a in (random_arch(space, generator) for _ in range(400)) if allowed(a)]
        first = draws[:20]
        best, measured = evolve(first, space, allowed, score, random.Random(0), Evolution())
        self.assertTrue(allowed(best))
        self.assertLessEqual(measured, 20 + 5 * 15)
        self.assertGreater(score(best), max(map(score, first)))
        self.assertGreaterEqual(score(best), max(map(score, draws[:measured])))
        again, _ = evolve(first, space, allowed, score, random.Random(0), Evolution())
        self.assertEqual(again, best)


if __name__ == "__main__":
    tf.test.main()
