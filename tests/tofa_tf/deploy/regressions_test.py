import dataclasses

import numpy as np
import tensorflow as tf
from absl.testing import parameterized

from tests.tofa_tf.deploy.results_for_tests import ON_BOARD, REPORT, RESULT
from tofa_tf.common.errors import UserError
from tofa_tf.deploy.judged_on import JudgedOn
from tofa_tf.deploy.limits import Limits
from tofa_tf.deploy.regressions import refuse_other_images, regressions
from tofa_tf.deploy.results import RunReport, ScenarioResult

_IMAGES = 10_000
_OLD = dataclasses.replace(REPORT, test_images=_IMAGES)


def _scenario(accuracy: float | None = None, **changes) -> ScenarioResult:
    if accuracy is not None:
        changes["verification"] = dataclasses.replace(ON_BOARD.verification, int8_accuracy=accuracy)
    return dataclasses.replace(ON_BOARD, **changes)


def _arena(arena_bytes: int) -> ScenarioResult:
    return _scenario(
        verification=dataclasses.replace(ON_BOARD.verification, arena_bytes=arena_bytes)
    )


def _on_board(**changes) -> ScenarioResult:
    return _scenario(board=dataclasses.replace(ON_BOARD.board, **changes))


def _run(*scenarios: ScenarioResult) -> RunReport:
    return dataclasses.replace(_OLD, scenarios=scenarios)


_FIT = ON_BOARD.board.fit


class RegressionsTest(tf.test.TestCase, parameterized.TestCase):
    # ON_BOARD: 90 % of 10,000 images (three standard errors of a difference are 1.27 points),
    # 65,536 B, an arena of 30,720 B, 450 ms.
    @parameterized.parameters(
        (_scenario(0.885), "fell from 90.00% to 88.50% on 10000 images, by 1.50 points"),
        (_scenario(0.10), "fell from 90.00% to 10.00%"),
        (_scenario(tflite_bytes=67_000), "the .tflite file grew from 65536 to 67000 B, by 2.2 %"),
        (_scenario(tflite_bytes=131_072), "the .tflite file grew"),
        (_arena(32_000), "the arena grew from 30720 to 32000 B"),
        (_on_board(fit=dataclasses.replace(_FIT, arena_used=40_000)), "arena on the board grew"),
        (_on_board(latency_ms=480.0), "the latency estimate grew from 450 to 480 ms, by 6.7 %"),
        (_on_board(latency_ms=4500.0), "the latency estimate grew"),
        (_on_board(fit=dataclasses.replace(_FIT, flash_used=9 << 20)), "does not fit the board"),
        (None, "rp2040: there is no model any more"),
    )
    def test_ten_planted_regressions(self, worse, words):
        new = _run(RESULT, *([worse] if worse else []))
        lines = regressions(new, _OLD, Limits())
        self.assertIn(words, "; ".join(lines))
        self.assertTrue(all(line.startswith("rp2040: ") for line in lines))

    @parameterized.parameters(*range(20))
    def test_noise_in_the_answers_and_a_percent_of_size_pass(self, seed):
        # Of the same subnets: a training with another seed gets others, see BUILD.md.
        rng = np.random.default_rng(seed)

        def again(scenario: ScenarioResult) -> ScenarioResult:
            right = rng.binomial(_IMAGES, scenario.int8_accuracy)
            verification = dataclasses.replace(scenario.verification, int8_accuracy=right / _IMAGES)
            size = round(scenario.tflite_bytes * rng.uniform(0.99, 1.01))
            return dataclasses.replace(scenario, verification=verification, tflite_bytes=size)

        new = _run(*map(again, _OLD.scenarios))
        self.assertEmpty(regressions(new, _OLD, Limits()))

    def test_better_is_no_regression(self):
        better = _run(RESULT, _scenario(0.95, tflite_bytes=60_000))
        self.assertEmpty(regressions(better, _OLD, Limits()))
        self.assertNotEmpty(regressions(_OLD, better, Limits()))

    def test_limits(self):
        slightly = _run(RESULT, _scenario(0.899))
        self.assertEmpty(regressions(slightly, _OLD, Limits()))
        self.assertLen(regressions(slightly, _OLD, Limits(accuracy_points=0.05)), 1)
        larger = _run(RESULT, _scenario(tflite_bytes=90_000))
        self.assertEmpty(regressions(larger, _OLD, Limits(size_percent=50)))

    def test_another_number_of_test_images_is_refused(self):
        other = dataclasses.replace(_OLD, test_images=5)
        with self.assertRaisesRegex(UserError, "number of test images was 10000, and is 5"):
            regressions(other, _OLD, Limits())

    def test_other_test_images_are_refused(self):
        old = JudgedOn({"a": "1", "b": "2"}, ())
        refuse_other_images(JudgedOn({"b": "2", "a": "1"}, ()), old)
        with self.assertRaisesRegex(UserError, "1 of 2 test images are others; .* split.json"):
            refuse_other_images(JudgedOn({"a": "1", "c": "3"}, ()), old)


if __name__ == "__main__":
    tf.test.main()
