import numpy as np
import tensorflow as tf

from benchmarks.evidence.foreign_arms import SHARES, known_alone, mixed
from tests.tofa_tf.trained import experiment
from tofa_tf.common.errors import UserError


class ForeignArmsTest(tf.test.TestCase):
    def test_only_what_is_not_labelled_depends_on_the_share(self):
        labels = experiment().training.pool.labels
        counts = set()
        for percent in SHARES:
            made = mixed(experiment(), percent)
            training = made.training
            self.assertEqual(made.num_classes, 6)
            self.assertLess(made.dataset.test.labels.max(), 6)
            self.assertLen(training.labelled, 6 * 5)
            self.assertLess(made.labelled_labels.max(), 6)
            self.assertContainsSubset(training.labelled, training.unlabelled)
            others = np.setdiff1d(training.unlabelled, training.labelled)
            counts.add(len(others))
            self.assertAllClose(np.mean(labels[others] >= 6), percent / 100, atol=0.01)
        self.assertLen(counts, 1)

    def test_known_classes_by_name(self):
        own = experiment()
        every = own.dataset.class_names
        # The order of the names says nothing.
        made = mixed(own, 50, [every[7], every[2]])
        self.assertEqual(made.dataset.class_names, (every[2], every[7]))
        self.assertEqual(made.num_classes, 2)
        truth = own.training.pool.labels[made.training.labelled]
        self.assertAllEqual(made.labelled_labels, np.where(truth == 2, 0, 1))
        self.assertSameElements(truth, [2, 7])
        test = own.dataset.test
        kept = test.take(np.isin(test.labels, [2, 7]))
        self.assertAllEqual(made.dataset.test.ids, kept.ids)
        self.assertAllEqual(made.dataset.test.labels, np.where(kept.labels == 2, 0, 1))
        with self.assertRaisesRegex(UserError, "no class heron; it has"):
            mixed(own, 50, ["heron"])

    def test_the_best_guard_leaves_exactly_what_is_known(self):
        made = mixed(experiment(), 50)
        training, labels = made.training, made.training.pool.labels
        kept = known_alone(made).training
        self.assertAllEqual(kept.labelled, training.labelled)
        self.assertAllEqual(kept.unlabelled, training.unlabelled[labels[training.unlabelled] < 6])
        self.assertLess(len(kept.unlabelled), 0.6 * len(training.unlabelled))


if __name__ == "__main__":
    tf.test.main()
