import dataclasses
import json

import numpy as np
import tensorflow as tf

from tofa_tf.common.errors import UserError
from tofa_tf.pretraining.recipe import RECIPES, Phase, Recipe, Timetable, get_recipe

RECIPE = Recipe(
    phases=(
        Phase("small", 1.0, 0.2, 0.1, ((16, 1.0),), warmup_steps=2),
        Phase("all", 2.5, 0.1, 0.0, ((32, 0.75), (64, 0.25)), smallest=True, num_random=2),
    ),
    batch=10,
)


class TimetableTest(tf.test.TestCase):
    def test_phases_follow_each_other(self):
        timetable = Timetable(RECIPE, num_images=100)
        self.assertEqual(timetable.total_steps, 35)
        plans = [timetable.at(step) for step in range(35)]
        self.assertEqual([plan.phase for plan in plans], [0] * 10 + [1] * 25)
        self.assertEqual([plan.step_of_phase for plan in plans], list(range(10)) + list(range(25)))

    def test_rate_warms_up_and_falls_to_the_end_of_each_phase(self):
        timetable = Timetable(RECIPE, num_images=10_000)
        rates = [timetable.at(step).rate for step in range(timetable.total_steps)]
        self.assertAllClose(rates[:3], [0.1, 0.2, 0.2], rtol=1e-4)
        self.assertAllClose(rates[500], 0.15, rtol=1e-3)
        self.assertAllClose(rates[999:1001], [0.1, 0.1], rtol=1e-4)
        self.assertAllClose(rates[2250], 0.05, rtol=1e-3)
        self.assertBetween(rates[-1], 1e-12, 1e-6)
        self.assertAllLessEqual(np.diff(rates[2:]), 0.0)

    def test_sizes_are_drawn_by_their_shares_and_the_same_again(self):
        timetable = Timetable(RECIPE, num_images=10_000)
        sizes = [timetable.at(step).resolution for step in range(timetable.total_steps)]
        self.assertEqual(set(sizes[:1000]), {16})
        self.assertAllClose(np.mean(np.equal(sizes[1000:], 64)), 0.25, atol=0.03)
        self.assertEqual(set(sizes[1000:]), {32, 64})
        again = Timetable(RECIPE, num_images=10_000)
        self.assertEqual([again.at(step).resolution for step in (1000, 1001, 1007)],
                         [sizes[step] for step in (1000, 1001, 1007)])  # fmt: skip


class RecipeTest(tf.test.TestCase):
    def test_survives_json(self):
        for recipe in (RECIPE, *RECIPES.values()):
            self.assertEqual(Recipe.from_json(json.loads(json.dumps(recipe.to_json()))), recipe)

    def test_foreign_json_is_refused(self):
        data = RECIPE.to_json()
        for bad in ({}, {**data, "batches": 3}, {**data, "phases": [{"name": "x"}]}):
            with self.assertRaisesRegex(UserError, "not a recipe of pre-training"):
                Recipe.from_json(bad)

    def test_shipped_recipes_end_at_rate_0_with_all_nets(self):
        for name, recipe in RECIPES.items():
            self.assertEqual(get_recipe(name), recipe)
            self.assertEqual(recipe.phases[-1].final_rate, 0.0)
            self.assertTrue(recipe.phases[-1].smallest)
            for phase in recipe.phases:
                self.assertAllClose(sum(share for _, share in phase.resolutions), 1.0)
        epochs = sum(phase.epochs for phase in get_recipe("full").phases)
        self.assertGreaterEqual(epochs, 40)

    def test_unknown_recipe_lists_those_there_are(self):
        with self.assertRaisesRegex(
            UserError, "unknown recipe 'long'; available: full, medium, more, longer, short"
        ):
            get_recipe("long")
        self.assertNotEqual(dataclasses.replace(RECIPE, seed=1), RECIPE)


if __name__ == "__main__":
    tf.test.main()
