import dataclasses
from pathlib import Path
from unittest import mock

import numpy as np
import tensorflow as tf
from absl.testing import parameterized

from tests.tofa_tf.trained import trained_copy
from tofa_tf.common.errors import UserError
from tofa_tf.nets.answers import answers
from tofa_tf.nets.deployable import deployable
from tofa_tf.select import rules
from tofa_tf.select.fixed_rule import candidates
from tofa_tf.select.names import OBJECTIVE_NAMES, RULE_NAMES
from tofa_tf.select.rules import RULES, choose, propose
from tofa_tf.select.scenario import Budget, Scenario
from tofa_tf.select.score import OBJECTIVES, log_det_of_agreement, validation_score
from tofa_tf.space.cost import cost

_SCENARIO = Scenario("half", (Budget("macs", 60_000),))


class RulesTest(tf.test.TestCase, parameterized.TestCase):
    def setUp(self):
        super().setUp()
        run = trained_copy(Path(self.get_temp_dir()) / self.id())
        experiment = run.experiment
        held = experiment.dataset.test.take(np.arange(60))
        self.run_ = dataclasses.replace(
            run, experiment=dataclasses.replace(experiment, validation=held)
        )

    def _fixed(self):
        experiment = self.run_.experiment
        return candidates(_SCENARIO, self.run_.sampled, experiment.space, 10, channels=1)

    @parameterized.parameters(*RULES)
    def test_keeps_the_budget_and_counts_what_it_measured(self, name):
        small = {"_DRAWN": 3, "_PROXY_DRAWN": 3}
        tiny = rules.Evolution(population=4, generations=1)
        with (
            mock.patch.multiple(rules, **small),
            mock.patch.object(rules, "Evolution", lambda: tiny),
        ):
            choice = choose(self.run_, _SCENARIO, name)
        experiment = self.run_.experiment
        figures = cost(experiment.space, choice.candidate.arch, 10, 1)
        self.assertEqual(choice.candidate.cost, figures)
        self.assertLessEqual(figures.macs, 60_000)
        self.assertEqual(choice.measured > 0, name != "fixed")
        self.assertGreater(choice.seconds, 0.0)
        if name == "fixed":
            self.assertEqual(choice.candidate, next(self._fixed()))

    def test_with_an_objective_the_fixed_rule_takes_the_best_of_the_last(self):
        with mock.patch.object(rules, "_RECENT", 3):
            choice = choose(self.run_, _SCENARIO, "fixed", "worst_class")
        recent = [candidate for _, candidate in zip(range(3), self._fixed(), strict=False)]
        score = validation_score(self.run_.supernet, self.run_.experiment, "worst_class")
        best = max(recent, key=lambda candidate: score(candidate.arch))
        self.assertEqual((choice.candidate, choice.measured), (best, len(recent)))

    def test_what_does_not_fit_is_followed_by_what_the_fixed_rule_prefers(self):
        self.assertEqual(
            [c.arch for c in propose(self.run_, _SCENARIO)], [c.arch for c in self._fixed()]
        )
        with mock.patch.object(rules, "_DRAWN", 2):
            chosen = choose(self.run_, _SCENARIO, "best_of_random").candidate
            first, *others = propose(self.run_, _SCENARIO, "best_of_random")
        self.assertEqual(first, chosen)
        expected = [candidate for candidate in self._fixed() if candidate.arch != chosen.arch]
        self.assertEqual(others, expected)

    def test_names_are_those_that_commands_show(self):
        self.assertEqual(tuple(RULES), RULE_NAMES)
        self.assertEqual(tuple(OBJECTIVES), OBJECTIVE_NAMES)

    def test_objectives_are_shares_of_the_validation_images(self):
        experiment, arch = self.run_.experiment, self.run_.experiment.space.max_arch
        model, _ = deployable(self.run_.supernet, arch, experiment)
        right = answers(model, experiment.validation_images(16)) == experiment.validation_labels
        by_class = [right[experiment.validation_labels == c].mean() for c in range(10)]

        def of(objective):
            return validation_score(self.run_.supernet, experiment, objective)(arch)

        self.assertAllClose(of("accuracy"), right.mean())
        self.assertAllClose(of("worst_class"), min(by_class) + 1e-3 * right.mean())
        self.assertBetween(of("robust"), 0.0, 1.0)

    def test_the_proxy_by_hand(self):
        active = np.array([[1, 1, 0, 0], [1, 0, 0, 0], [0, 0, 1, 1]], bool)
        agreement = np.array([[4, 3, 0], [3, 4, 1], [0, 1, 4]])
        self.assertAllClose(log_det_of_agreement(active), np.log(np.linalg.det(agreement)))

    def test_bad_input(self):
        with self.assertRaisesRegex(UserError, "unknown rule 'best'; available: fixed, best_of"):
            choose(self.run_, _SCENARIO, "best")
        with self.assertRaisesRegex(UserError, "unknown objective 'fair'; available: accuracy, w"):
            choose(self.run_, _SCENARIO, "fixed", "fair")
        without = dataclasses.replace(self.run_.experiment, validation=None, no_validation="few")
        with self.assertRaisesRegex(UserError, "there are no validation images: few"):
            choose(dataclasses.replace(self.run_, experiment=without), _SCENARIO, "best_of_random")


if __name__ == "__main__":
    tf.test.main()
