"""On clouds of points whose classes nobody needs to label, and against a solver that knows less."""

from unittest import mock

import numpy as np
import tensorflow as tf

from tofa_tf.select.neighbours import Neighbours
from tofa_tf.select.ridge import LinearHead, fit_ridge
from tofa_tf.select.self_training import fit_soft, self_trained

_CLASSES, _FEATURES = 4, 24


def _clouds(seed: int, images: int, shares: tuple[float, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Points around one centre a class, float32, and their classes."""
    generator = np.random.default_rng(seed)
    centres = 0.9 * np.random.default_rng(5).normal(size=(_CLASSES, _FEATURES))
    labels = generator.choice(_CLASSES, images, p=shares)
    points = centres[labels] + generator.normal(size=(images, _FEATURES))
    return points.astype(np.float32), labels


def _started(seed: int) -> tuple[np.ndarray, np.ndarray, LinearHead]:
    """Two labelled points a class, and the head that fits them."""
    points, labels = _clouds(seed, 200, (0.25,) * 4)
    some = np.concatenate([np.flatnonzero(labels == c)[:2] for c in range(_CLASSES)])
    return points[some], labels[some], fit_ridge(points[some], labels[some], _CLASSES)


def _confidence(head: LinearHead, points: np.ndarray) -> float:
    return float(tf.nn.softmax(head.scale * head(points)).numpy().max(axis=1).mean())


class SelfTrainingTest(tf.test.TestCase):
    def test_unlabelled_images_make_a_better_classifier(self):
        tests, truth = _clouds(9, 2000, (0.25,) * 4)
        gains = []
        for seed in range(5):
            images, labels, head = _started(seed)
            others, _ = _clouds(100 + seed, 1000, (0.25,) * 4)
            learnt = self_trained(head, labels, [np.concatenate([images, others])]).head
            right = [np.mean(each(tests).argmax(axis=1) == truth) for each in (head, learnt)]
            gains.append(right[1] - right[0])
            # It is right more often, and as sure as the one that only knew labels.
            sure = [_confidence(each, tests) for each in (head, learnt)]
            self.assertAlmostEqual(sure[1], sure[0], delta=0.02)
        self.assertGreater(min(gains), 0.0)
        self.assertGreater(np.mean(gains), 0.05)

    def test_other_frequencies_among_unlabelled_images_do_no_harm(self):
        tests, truth = _clouds(9, 2000, (0.25,) * 4)
        images, labels, head = _started(0)
        others, _ = _clouds(100, 1000, (0.55, 0.25, 0.15, 0.05))
        learnt = self_trained(head, labels, [np.concatenate([images, others])]).head
        right = [np.mean(each(tests).argmax(axis=1) == truth) for each in (head, learnt)]
        self.assertGreater(right[1], right[0])

    def test_neighbours_are_asked_where_they_help(self):
        generator = np.random.default_rng(0)
        labels = np.arange(600) % _CLASSES
        # Pictures of hands: most features tell whose hand it is, a few what it shows.
        persons = generator.normal(size=(10, _FEATURES - _CLASSES))
        hands = np.concatenate(
            [2.0 * np.eye(_CLASSES)[labels], persons[generator.choice(10, 600)]], axis=1
        )
        hands += 0.3 * generator.normal(size=hands.shape)
        clouds, classes = _clouds(1, 600, (0.25,) * 4)
        for points, truth, said in ((clouds, classes, "a"), (hands, labels, "no")):
            points, head = points.astype(np.float32), fit_ridge(points[:40], truth[:40], _CLASSES)
            with self.assertLogs("absl", "INFO") as logs:
                learnt = self_trained(head, truth[:40], [points])
            self.assertIn(
                f"neighbours have {said} say in labelling: squared error of", *logs.output
            )
            right = learnt.targets.argmax(axis=1) == truth
            self.assertGreater(right[40:].mean(), 0.9)

    def test_among_labelled_images_neighbours_are_not_looked_for(self):
        points, labels = _clouds(1, 300, (0.25,) * 4)
        head = fit_ridge(points[:200], labels[:200], _CLASSES)
        with mock.patch.object(Neighbours, "among", side_effect=AssertionError):
            learnt = self_trained(head, labels[:200], [points])
        self.assertGreater(np.mean(learnt.targets.argmax(axis=1) == labels), 0.9)

    def test_the_last_classifier_fits_other_views(self):
        # A view of one feature less, as of a narrower net.
        images, labels, head = _started(0)
        others, _ = _clouds(100, 1000, (0.25,) * 4)
        wide = np.concatenate([images, others])
        narrow = wide.copy()
        narrow[:, -8:] = 0.0
        learnt = self_trained(head, labels, [wide], [wide, narrow]).head
        tests, truth = _clouds(9, 2000, (0.25,) * 4)
        tests[:, -8:] = 0.0
        right = [np.mean(each(tests).argmax(axis=1) == truth) for each in (head, learnt)]
        self.assertGreater(right[1], right[0])

    def test_soft_fit_solves_the_normal_equations(self):
        points, labels = _clouds(0, 60, (0.25,) * 4)
        targets = np.random.default_rng(1).dirichlet(np.ones(_CLASSES), len(points))
        head = fit_ridge(points[:10], labels[:10], _CLASSES)._replace(strength=0.2)
        fitted = fit_soft(head, targets, 10, [points])
        # Ten labelled images weigh as much as the fifty others: rows repeated by their weight.
        rows = np.concatenate([np.repeat(np.arange(10), 5), np.arange(10, 60)])
        x, y = points[rows].astype(np.float64), targets[rows]
        z = (x - x.mean(axis=0)) / x.std(axis=0)
        penalty = np.sqrt(0.2 * len(rows)) * np.eye(_FEATURES)
        wanted = np.linalg.lstsq(
            np.concatenate([z, penalty]),
            np.concatenate([y - y.mean(axis=0), np.zeros((_FEATURES, _CLASSES))]),
            rcond=None,
        )[0]
        self.assertAllClose(
            fitted(points),
            (points - x.mean(axis=0)) / x.std(axis=0) @ wanted + y.mean(axis=0),
            atol=1e-4,
        )

    def test_features_that_never_vary_are_left_alone(self):
        images, labels, head = _started(0)
        images[:, 3] = 2.0
        learnt = self_trained(head, labels, [np.concatenate([images, images])]).head
        self.assertAllEqual(np.isfinite(learnt.weights), np.ones_like(learnt.weights, bool))
        self.assertAllEqual(learnt.weights[3], np.zeros(_CLASSES))


if __name__ == "__main__":
    tf.test.main()
