import dataclasses
import warnings
from pathlib import Path

import numpy as np
import tensorflow as tf

from tests.tofa_tf.small_training import digits
from tests.tofa_tf.teacher.small_trunk import small_trunk
from tofa_tf.common.errors import UserError
from tofa_tf.data.records import TrainingImages
from tofa_tf.teacher.soft_labels import SOFT_LABELS, SoftLabels, make_soft_labels


class SoftLabelsTest(tf.test.TestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.training = digits()

    def setUp(self):
        super().setUp()
        self.folder = Path(self.get_temp_dir())
        self.shown = []

    def _make(self, training: TrainingImages | None = None, **changes) -> SoftLabels:
        how = {"trunk": small_trunk(), "num_classes": 10, "folder": self.folder, **changes}
        return make_soft_labels(
            training=training or self.training, show=lambda *done: self.shown.append(done), **how
        )

    def test_labels_the_images_nobody_labelled(self):
        made = self._make()
        pool = self.training.pool
        self.assertEqual(made.probabilities.shape, (len(pool), 10))
        self.assertAllClose(made.probabilities.sum(axis=1), np.ones(len(pool)), atol=0.01)
        right = made.probabilities.argmax(axis=1) == pool.labels
        # Four labels a class: what a linear classifier on 64 averages can do.
        self.assertGreater(right.mean(), 0.7)
        self.assertAllClose(made.left_out_accuracy, right.mean(), atol=0.15)

    def test_where_all_images_are_labelled_it_says_more_than_the_labels(self):
        everything = np.arange(len(self.training.pool))
        labelled = dataclasses.replace(self.training, labelled=everything, unlabelled=everything)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            made = self._make(labelled)
        self.assertAllClose(made.probabilities.sum(axis=1), np.ones(len(everything)), atol=0.01)
        self.assertLess(made.probabilities.max(axis=1).mean(), 0.99)

    def test_is_made_once(self):
        made = self._make()
        self.assertEqual([path.name for path in self.folder.iterdir()], [SOFT_LABELS])
        self.shown.clear()
        again = self._make()
        self.assertEmpty(self.shown)
        self.assertAllEqual(again.probabilities, made.probabilities)
        self.assertEqual(again.left_out_accuracy, made.left_out_accuracy)

    def test_labels_of_something_else_are_refused(self):
        self._make()
        pool = self.training.pool
        images = pool.images.copy()
        images[7, 3, 3] += 1
        others = {
            "images": dataclasses.replace(
                self.training, pool=dataclasses.replace(pool, images=images)
            ),
            "labels": dataclasses.replace(self.training, labelled=self.training.labelled[:-1]),
        }
        for training in others.values():
            with self.assertRaisesRegex(UserError, "teacher.npz holds soft labels of other images"):
                self._make(training)
        with self.assertRaisesRegex(UserError, "by another teacher: delete the file, and the same"):
            self._make(trunk=small_trunk("other"))

    def test_damaged_file(self):
        self._make()
        path = self.folder / SOFT_LABELS
        whole = path.read_bytes()
        version = whole.index(b"PK\x01\x02") + 6
        flipped = whole[:version] + b"\xff" + whole[version + 1 :]
        for damage in (whole[:1000], b"", b"PK nonsense", flipped):
            path.write_bytes(damage)
            with self.assertRaisesRegex(UserError, "teacher.npz is damaged: delete the file"):
                self._make()

    def test_features_are_kept_for_other_runs(self):
        cache = self.folder / "cache"
        made = self._make(folder=self.folder / "first", cache=cache)
        self.assertNotEmpty(self.shown)
        self.shown.clear()
        fewer = dataclasses.replace(self.training, labelled=self.training.labelled[::2])
        other = self._make(fewer, folder=self.folder / "second", cache=cache)
        self.assertEmpty(self.shown)
        self.assertGreater(np.abs(made.probabilities - other.probabilities).max(), 0.01)


if __name__ == "__main__":
    tf.test.main()
