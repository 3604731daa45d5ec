import numpy as np
import tensorflow as tf

from tofa_tf.training.class_ratios import class_ratios

_DIMENSIONS = 8


class ClassRatiosTest(tf.test.TestCase):
    def test_a_labelled_image_is_judged_by_classes_without_it(self):
        generator = np.random.default_rng(0)
        labels = np.repeat([0, 1], 3)
        means = 2.0 * np.eye(_DIMENSIONS)
        rows = means[labels] + generator.normal(0, 1, (6, _DIMENSIONS))
        seen = means[[0, 1] * 25] + generator.normal(0, 1, (50, _DIMENSIONS))
        images, among = class_ratios(seen, rows, labels)
        everything = np.concatenate([rows, seen])
        center, spread = everything.mean(axis=0), everything.std(axis=0)
        covariance = np.cov(((everything - center) / spread).T)
        covariance += 10.0 * np.mean(np.diag(covariance)) * np.eye(_DIMENSIONS)

        def density(row: np.ndarray, mean: np.ndarray) -> float:
            away = (row - mean) / spread
            return np.exp(-0.5 * away @ np.linalg.solve(covariance, away))

        def ratio(row: np.ndarray, others: np.ndarray, classes: np.ndarray) -> float:
            own = sum(density(row, others[classes == label].mean(axis=0)) for label in (0, 1))
            return -np.log(own / density(row, center))

        self.assertAllClose(images, [ratio(row, rows, labels) for row in seen])
        rest = [np.arange(len(rows)) != number for number in range(len(rows))]
        expected = [ratio(rows[i], rows[rest[i]], labels[rest[i]]) for i in range(len(rows))]
        self.assertAllClose(among, expected)

    def test_an_image_that_is_all_of_its_class_is_judged_by_the_others(self):
        rows = np.array([[1.0, 0.0], [0.0, 1.0], [0.1, 1.0]])
        _, among = class_ratios(rows, rows, np.array([0, 1, 1]))
        self.assertAllEqual(np.isfinite(among), [True] * 3)
        self.assertAllEqual(among.argmax(), 0)


if __name__ == "__main__":
    tf.test.main()
