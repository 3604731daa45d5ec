import numpy as np
from absl.testing import absltest

from tflite_export.rejection import fit_rejection, fit_thresholds, rejected


def _answers(surest: np.ndarray, number: int, classes: int = 3) -> np.ndarray:
    rest = (1 - surest) / (classes - 1)
    probabilities = np.repeat(rest[:, None], classes, axis=1)
    probabilities[:, number] = surest
    return probabilities


class RejectionTest(absltest.TestCase):
    def test_each_class_keeps_its_share(self):
        rng = np.random.default_rng(0)
        known = [_answers(rng.uniform(low, 1, 1000), i) for i, low in enumerate((0.4, 0.6, 0.9))]
        thresholds = fit_thresholds(np.concatenate(known))
        # The 5 % quantile of a uniform distribution.
        for threshold, low in zip(thresholds, (0.4, 0.6, 0.9), strict=True):
            self.assertAlmostEqual(threshold, low + 0.05 * (1 - low), delta=0.01)
        for one in known:
            self.assertBetween(1 - rejected(one, thresholds).mean(), 0.95, 0.955)

    def test_few_inputs_keep_their_share_of_others_too(self):
        rng = np.random.default_rng(0)
        kept, measured = [], []
        for _ in range(300):
            fit, further = (_answers(rng.uniform(0.4, 1, 60), 0) for _ in range(2))
            found = fit_rejection(fit)
            kept.append(1 - rejected(further, found.thresholds).mean())
            measured.append(found.kept)
        # The third smallest of 60: below it a further one lies with probability 3 / 61.
        self.assertAlmostEqual(np.mean(kept), 1 - 3 / 61, delta=0.005)
        # The second smallest of 48.
        self.assertAlmostEqual(np.mean(measured), 1 - 2 / 49, delta=0.005)

    def test_what_few_inputs_cannot_say_rejects_nothing(self):
        self.assertEqual(fit_thresholds(_answers(np.full(18, 0.9), 0)), (0.0, 0.0, 0.0))
        self.assertEqual(fit_rejection(_answers(np.array([0.9]), 0)).kept, 1.0)

    def test_what_is_less_sure_is_rejected_by_the_class_it_is_taken_for(self):
        thresholds = (0.5, 0.9, 0.5)
        unsure = np.array([[0.6, 0.2, 0.2], [0.2, 0.6, 0.2]])
        self.assertEqual(rejected(unsure, thresholds).tolist(), [False, True])

    def test_a_class_of_few_answers_takes_the_threshold_of_all(self):
        rng = np.random.default_rng(0)
        many, few = rng.uniform(0.5, 1, 1000), np.array([0.99, 0.98])
        thresholds = fit_thresholds(np.concatenate([_answers(many, 0), _answers(few, 2)]))
        self.assertAlmostEqual(thresholds[0], 0.525, delta=0.01)
        self.assertAlmostEqual(thresholds[2], thresholds[1])
        self.assertLess(thresholds[2], 0.6)


if __name__ == "__main__":
    absltest.main()
