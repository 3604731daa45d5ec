from unittest import mock

import numpy as np
import tensorflow as tf

from tofa_tf.select import ridge
from tofa_tf.select.ridge import fit_ridge


def _clouds(count: int, spread: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    centres = np.random.default_rng(9).normal(size=(3, 20))
    labels = np.arange(count) % 3
    noise = spread * generator.normal(size=(count, 20))
    return (centres[labels] + noise).astype(np.float32), labels


class RidgeTest(tf.test.TestCase):
    def test_separates_what_can_be_separated(self):
        head = fit_ridge(*_clouds(30, 0.3, seed=0), num_classes=3)
        features, labels = _clouds(300, 0.3, seed=1)
        self.assertGreater(np.mean(head(features).argmax(axis=1) == labels), 0.98)

    def test_the_closed_form_equals_leaving_out_each_image(self):
        # With one strength there is nothing to choose; the error is that of fitting n times.
        features, labels = _clouds(12, 2.0, seed=0)
        strength = 3.0
        x = (features - features.mean(axis=0)) / features.std(axis=0)
        y = np.eye(3)[labels]
        errors = []
        for left in range(len(x)):
            kept = np.delete(np.arange(len(x)), left)
            centre, offset = x[kept].mean(axis=0), y[kept].mean(axis=0)
            a = x[kept] - centre
            weights = np.linalg.solve(
                a.T @ a + strength * np.eye(a.shape[1]), a.T @ (y[kept] - offset)
            )
            errors.append(np.mean((y[left] - offset - (x[left] - centre) @ weights) ** 2))
        u, s, _ = np.linalg.svd(x, full_matrices=False)
        self.assertAllClose(
            ridge.left_out_error(u, s, y - y.mean(axis=0), strength), np.mean(errors), rtol=1e-5
        )

    def test_strength_suits_the_noise(self):
        features, labels = _clouds(30, 3.0, seed=0)
        test, truth = _clouds(3000, 3.0, seed=1)
        chosen = np.mean(fit_ridge(features, labels, 3)(test).argmax(axis=1) == truth)
        with mock.patch.object(ridge, "_STRENGTHS", [1e-6]):
            weakest = np.mean(fit_ridge(features, labels, 3)(test).argmax(axis=1) == truth)
        self.assertGreater(chosen, weakest)

    def test_dead_features_and_missing_classes_do_no_harm(self):
        features, labels = _clouds(9, 0.3, seed=0)
        features[:, 4] = 0.0
        scores = fit_ridge(features, labels, num_classes=5)(features)
        self.assertEqual(scores.shape, (9, 5))
        self.assertAllInSet(scores.argmax(axis=1), [0, 1, 2])


if __name__ == "__main__":
    tf.test.main()
