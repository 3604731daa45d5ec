import dataclasses
import json
from pathlib import Path

import numpy as np
import tensorflow as tf

from tests.tofa_tf.spaces_for_tests import TINY
from tests.tofa_tf.trained import SETTINGS, experiment, tiny_space
from tofa_tf.common.errors import UserError
from tofa_tf.training.experiment import load_experiment, open_folder


class ExperimentTest(tf.test.TestCase):
    def test_settings_become_images_labels_and_space(self):
        made = experiment()
        self.assertEqual(made.space, TINY)
        self.assertEqual((made.num_classes, len(made.labelled)), (10, 50))
        self.assertAllEqual(np.bincount(made.pool.labels[made.labelled]), [5] * 10)
        # A mirrored digit is another one: the data set forbids what the settings allow.
        self.assertTrue(made.settings.train.flip)
        self.assertFalse(made.config.flip)
        self.assertIsNone(made.pretrained)

    def test_equal_settings_draw_equal_labels(self):
        with tiny_space():
            again = load_experiment(SETTINGS)
            train = dataclasses.replace(SETTINGS.train, seed=1)
            other = load_experiment(dataclasses.replace(SETTINGS, train=train))
        self.assertAllEqual(again.labelled, experiment().labelled)
        self.assertNotAllEqual(other.labelled, experiment().labelled)

    def test_the_baseline_has_the_labelled_images_alone(self):
        with tiny_space():
            baseline = load_experiment(dataclasses.replace(SETTINGS, labelled_only=True))
        self.assertLen(baseline.pool, 50)
        self.assertAllEqual(baseline.labelled, range(50))
        full = experiment()
        self.assertAllEqual(baseline.pool.images, full.pool.images[full.labelled])
        self.assertAllEqual(baseline.dataset.test.images, full.dataset.test.images)

    def test_images_are_resized_and_normalised_for_every_use(self):
        made = experiment()
        test = made.test_images(16)
        self.assertEqual((test.shape, test.dtype), ((359, 16, 16, 3), np.float32))
        expected = (made.dataset.test.images.astype(np.float32) - 128) / 128
        self.assertAllClose(test, expected, atol=1e-6)
        some = made.training_images(16, 20)
        self.assertAllEqual(some, made.training_images(16, 20))
        pool = {image.tobytes() for image in made.training_images(16, 10_000)}
        self.assertTrue({image.tobytes() for image in some} <= pool)
        self.assertEqual(made.calibration_images(8).shape, (512, 8, 8, 3))

    def test_the_folder_keeps_the_split_and_refuses_another_run(self):
        path = Path(self.get_temp_dir()) / "run"
        folder = open_folder(experiment(), path, overwrite=False)
        split = json.loads((folder / "split.json").read_text())
        self.assertEqual(tuple(split["indices"]), experiment().split.indices)
        self.assertEqual(open_folder(experiment(), path, overwrite=False), folder)
        train = dataclasses.replace(SETTINGS.train, steps=13)
        settings = dataclasses.replace(SETTINGS, train=train)
        other = dataclasses.replace(experiment(), settings=settings)
        with self.assertRaisesRegex(UserError, "holds another run .*train.steps is 12 there, 13"):
            open_folder(other, path, overwrite=False)

    def test_images_that_changed_since_the_run_began_are_another_run(self):
        folder = open_folder(experiment(), Path(self.get_temp_dir()) / "run", overwrite=False)
        dataset = experiment().dataset
        images = dataset.train.images.copy()
        images[0, 0, 0, 0] ^= 1
        train = dataclasses.replace(dataset.train, images=images)
        changed = dataclasses.replace(
            experiment(), dataset=dataclasses.replace(dataset, train=train)
        )
        with self.assertRaisesRegex(UserError, "drawn from other training images"):
            open_folder(changed, folder, overwrite=False)

    def test_names_that_are_not_known_are_refused(self):
        with self.assertRaisesRegex(UserError, "unknown search space 'tiny'; available"):
            load_experiment(SETTINGS)
        with self.assertRaisesRegex(UserError, "unknown data set 'digitz'"), tiny_space():
            load_experiment(dataclasses.replace(SETTINGS, dataset="digitz"))


if __name__ == "__main__":
    tf.test.main()
