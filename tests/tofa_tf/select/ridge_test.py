from unittest import mock

import numpy as np
import tensorflow as tf
from absl.testing import parameterized

from tofa_tf.select import ridge
from tofa_tf.select.ridge import fit_ridge


def _clouds(count: int, spread: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    centres = np.random.default_rng(9).normal(size=(3, 20))
    labels = np.arange(count) % 3
    noise = spread * generator.normal(size=(count, 20))
    return (centres[labels] + noise).astype(np.float32), labels


def _svd(features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    u, s, _ = np.linalg.svd(features - features.mean(axis=0), full_matrices=False)
    return u, s


class RidgeTest(tf.test.TestCase, parameterized.TestCase):
    def test_separates_what_can_be_separated(self):
        head = fit_ridge(*_clouds(30, 0.3, seed=0), num_classes=3)
        features, labels = _clouds(300, 0.3, seed=1)
        self.assertGreater(np.mean(head(features).argmax(axis=1) == labels), 0.98)

    @parameterized.parameters(1, 2)
    def test_the_closed_form_equals_leaving_out_each_image(self, views):
        # With one strength there is nothing to choose; the error is that of fitting n times.
        features, labels = _clouds(12 * views, 2.0, seed=0)
        labels, image = np.tile(labels[:12], views), np.tile(np.arange(12), views)
        strength = 3.0
        x = (features - features.mean(axis=0)) / features.std(axis=0)
        y = np.eye(3)[labels]
        expected = np.zeros_like(y)
        for left in range(12):
            kept = image != left
            centre, offset = x[kept].mean(axis=0), y[kept].mean(axis=0)
            a = x[kept] - centre
            weights = np.linalg.solve(
                a.T @ a + strength * np.eye(a.shape[1]), a.T @ (y[kept] - offset)
            )
            out = ~kept
            expected[out] = y[out] - offset - (x[out] - centre) @ weights
        u, s, _ = np.linalg.svd(x, full_matrices=False)
        residual = ridge.left_out_residual(u, s, y - y.mean(axis=0), strength, views)
        self.assertAllClose(residual, expected, rtol=1e-5, atol=1e-6)

    def test_views_of_one_image_do_not_vouch_for_each_other(self):
        features, labels = _clouds(30, 4.0, seed=0)
        y = np.eye(3)[labels] - 1 / 3
        once = ridge.left_out_residual(*_svd(features), y, strength=2.0)
        # Every row twice is the same fit at twice the strength.
        twice = ridge.left_out_residual(
            *_svd(np.tile(features, (2, 1))), np.tile(y, (2, 1)), strength=4.0, views=2
        )
        self.assertAllClose(twice, np.tile(once, (2, 1)), rtol=1e-5, atol=1e-5)

    def test_scale_makes_probabilities_of_scores(self):
        features, labels = _clouds(300, 3.0, seed=0)
        head = fit_ridge(features, labels, 3)
        test, truth = _clouds(3000, 3.0, seed=1)
        powers = np.exp(head.scale * head(test))
        confidence = (powers / powers.sum(axis=1, keepdims=True)).max(axis=1)
        self.assertAllClose(confidence.mean(), np.mean(head(test).argmax(1) == truth), atol=0.05)

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
