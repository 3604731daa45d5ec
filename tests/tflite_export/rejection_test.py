import numpy as np
from absl.testing import absltest

from tflite_export.rejection import Rejection, fit_rejection
from tflite_export.task import CLASSIFICATION

_STEP = 0.1


def _probabilities(surest: np.ndarray, number: int, classes: int = 3) -> np.ndarray:
    """Outputs of a model that ends in a softmax, with one answer."""
    outputs = np.repeat((1 - surest)[:, None] / (classes - 1), classes, axis=1)
    outputs[:, number] = surest
    return outputs


def _logits(count: int, seed: int) -> np.ndarray:
    """Three classes of unequal spread, each at a place of its own."""
    rng = np.random.default_rng(seed)
    places = 4.0 * np.array([[2, 0, 0], [0, 3, -1], [-1, 0, 2]])
    return places[np.arange(count) % 3] + rng.normal(0, (0.5, 1.0, 1.5), (count, 3))


def _rejected(found: Rejection, outputs: np.ndarray) -> float:
    return float(found.rejected(outputs, CLASSIFICATION).mean())


class RejectionTest(absltest.TestCase):
    def test_each_class_keeps_its_share_of_probabilities(self):
        rng = np.random.default_rng(0)
        lows = (0.4, 0.6, 0.9)
        known = [_probabilities(rng.uniform(low, 1, 1000), i) for i, low in enumerate(lows)]
        found = fit_rejection(np.concatenate(known), CLASSIFICATION, _STEP)
        self.assertEmpty(found.centres)
        for limit, low in zip(found.limits, lows, strict=True):
            # The 5 % quantile of a uniform distribution.
            self.assertAlmostEqual(1 - limit, low + 0.05 * (1 - low), delta=0.01)
        for one in known:
            self.assertBetween(_rejected(found, one), 0.045, 0.05)

    def test_logits_far_from_those_of_their_answer_are_unknown_however_sure(self):
        found = fit_rejection(_logits(1500, 0), CLASSIFICATION, _STEP)
        self.assertAlmostEqual(_rejected(found, _logits(1500, 1)), 0.05, delta=0.015)
        self.assertAlmostEqual(found.kept, 0.95, delta=0.015)
        # Sure of the first class, as that is, and yet another thing.
        strange = _logits(300, 2)[::3] + [4.0, 0.0, 0.0]
        probabilities = CLASSIFICATION.probabilities(strange)
        self.assertGreater(probabilities.max(axis=1).min(), 0.99)
        self.assertEqual(_rejected(found, strange), 1.0)

    def test_strangeness_by_hand(self):
        found = Rejection((8.9, 100.0), ((2.0, 0.0), (0.0, 2.0)), (1.0, 4.0))
        outputs = np.array([[3.0, 1.0], [4.0, 1.1], [0.0, 2.5]])
        strange = found.strangeness(outputs, CLASSIFICATION)
        np.testing.assert_allclose(strange, [1 + 4, 4 + 4.84, 1.0])
        self.assertEqual(found.rejected(outputs, CLASSIFICATION).tolist(), [False] * 3)
        self.assertEqual(
            found.rejected(outputs + [0.1, 0], CLASSIFICATION).tolist(), [False, True, False]
        )

    def test_few_inputs_keep_their_share_of_others_too(self):
        kept, measured = [], []
        for seed in range(200):
            found = fit_rejection(_logits(90, seed), CLASSIFICATION, _STEP)
            kept.append(1 - _rejected(found, _logits(90, 1000 + seed)))
            measured.append(found.kept)
        # Of 30 answers of a class the largest distance: 1 of 31 is farther.
        self.assertBetween(np.mean(kept), 0.95, 0.985)
        self.assertAlmostEqual(np.mean(measured), np.mean(kept), delta=0.02)

    def test_a_class_of_few_answers_takes_the_limit_of_all(self):
        rng = np.random.default_rng(0)
        many, few = rng.uniform(0.5, 1, 1000), np.array([0.99, 0.98])
        outputs = np.concatenate([_probabilities(many, 0), _probabilities(few, 2)])
        found = fit_rejection(outputs, CLASSIFICATION, _STEP)
        self.assertAlmostEqual(found.limits[0], 0.475, delta=0.01)
        self.assertAlmostEqual(found.limits[2], found.limits[1])

    def test_centres_are_whole_steps_and_no_output_is_known_better_than_that(self):
        outputs = np.repeat([[1.04, 0.0], [0.0, 2.0]], 3, axis=0)
        found = fit_rejection(outputs, CLASSIFICATION, _STEP)
        np.testing.assert_allclose(found.centres, [[1.0, 0.0], [0.0, 2.0]])
        np.testing.assert_allclose(found.weights, [100.0, 100.0])
        self.assertEqual(Rejection.from_json(found.to_json()), found)

    def test_many_classes_are_told_by_probability(self):
        outputs = np.random.default_rng(0).normal(0, 3, (200, 65))
        self.assertEmpty(fit_rejection(outputs, CLASSIFICATION, _STEP).centres)
        self.assertNotEmpty(fit_rejection(outputs[:, :64], CLASSIFICATION, _STEP).centres)


if __name__ == "__main__":
    absltest.main()
