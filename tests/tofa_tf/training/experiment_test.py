"""Tests of making settings concrete, and of the guard over a run's images."""

import dataclasses
import json
from pathlib import Path
from unittest import mock

import numpy as np
import tensorflow as tf
from PIL import Image
from sklearn.datasets import load_sample_images

from tests.tofa_tf.data.images import blobs
from tests.tofa_tf.spaces_for_tests import TINY
from tests.tofa_tf.trained import SETTINGS, experiment, tiny_space
from tflite_export.common.image_files import decode_image
from tflite_export.preprocess import normalise, prepare, to_tensor
from tofa_tf.common.errors import UserError
from tofa_tf.data.arrays import Images
from tofa_tf.data.stored_images import StoredImages
from tofa_tf.space import presets
from tofa_tf.training.experiment import Settings, load_experiment, open_folder
from tofa_tf.training.journal import CHECKPOINT
from tofa_tf.training.settings import TrainConfig


class ExperimentTest(tf.test.TestCase):
    def setUp(self):
        super().setUp()
        patch = tiny_space()
        patch.start()
        self.addCleanup(patch.stop)
        self.root = Path(self.get_temp_dir(), self.id())
        for seed, name in enumerate(("photos/cat", "photos/dog", "more", "test/cat", "test/dog")):
            self.add(name, 10, seed)
        self.run_folder = self.root / "run"

    def add(self, name: str, count: int, seed: int = 0) -> None:
        (self.root / name).mkdir(parents=True, exist_ok=True)
        for position, image in enumerate(blobs(count, 16, seed)):
            Image.fromarray(image).save(self.root / name / f"{seed}_{position}.png")

    def load(self, image_memory_mib: int | None = None, **changes):
        settings = {
            "dataset": str(self.root / "photos"),
            "labels_per_class": "all",
            "search_space": "tiny",
            "unlabelled": str(self.root / "more"),
            "test": str(self.root / "test"),
        }
        settings = Settings(**{**settings, **changes})
        return load_experiment(settings, image_memory_mib=image_memory_mib)

    def open(self, overwrite: bool = False, **changes) -> Path:
        return open_folder(self.load(**changes), self.run_folder, overwrite=overwrite)


class DigitsTest(tf.test.TestCase):
    def test_settings_become_images_labels_and_space(self):
        made = experiment()
        self.assertEqual(made.space, TINY)
        self.assertEqual((made.num_classes, len(made.training.labelled)), (10, 50))
        self.assertAllEqual(
            np.bincount(made.training.pool.labels[made.training.labelled]), [5] * 10
        )
        # A mirrored digit is another one: the data set forbids what the settings allow.
        self.assertTrue(made.settings.train.flip)
        self.assertFalse(made.config.flip)
        self.assertIsNone(made.pretrained)

    def test_equal_settings_draw_equal_labels(self):
        with tiny_space():
            again = load_experiment(SETTINGS)
            train = dataclasses.replace(SETTINGS.train, seed=1)
            other = load_experiment(dataclasses.replace(SETTINGS, train=train))
        self.assertAllEqual(again.training.labelled, experiment().training.labelled)
        self.assertNotAllEqual(other.training.labelled, experiment().training.labelled)

    def test_the_baseline_has_the_labelled_images_alone(self):
        with tiny_space():
            baseline = load_experiment(dataclasses.replace(SETTINGS, labelled_only=True))
        labelled = experiment().training.labelled
        self.assertAllEqual(baseline.training.labelled, labelled)
        self.assertAllEqual(baseline.training.unlabelled, labelled)
        self.assertAllEqual(baseline.dataset.test.images, experiment().dataset.test.images)

    def test_images_are_resized_and_normalised_for_every_use(self):
        made = experiment()
        test = made.test_images(16)
        self.assertEqual((test.shape, test.dtype), ((359, 16, 16, 1), np.float32))
        expected = (made.dataset.test.images.astype(np.float32) - 128) / 128
        self.assertAllClose(test, expected, atol=1e-6)
        some = made.training_images(16, 20)
        self.assertAllEqual(some, made.training_images(16, 20))
        pool = {image.tobytes() for image in made.training_images(16, 10_000)}
        self.assertTrue({image.tobytes() for image in some} <= pool)
        self.assertEqual(made.calibration_images(16).shape, (512, 16, 16, 1))

    def test_names_that_are_not_known_are_refused(self):
        with self.assertRaisesRegex(UserError, "unknown search space 'tiny'; available"):
            load_experiment(SETTINGS)
        with self.assertRaisesRegex(UserError, "unknown data set 'digitz'"), tiny_space():
            load_experiment(dataclasses.replace(SETTINGS, dataset="digitz"))


class LoadExperimentTest(ExperimentTest):
    def test_parts(self):
        experiment = self.load()
        self.assertLen(experiment.training.labelled, 16)
        self.assertLen(experiment.training.unlabelled, 26)
        self.assertAllEqual(np.bincount(experiment.validation.labels), [2, 2])
        self.assertLen(experiment.dataset.test, 20)

    def test_images_on_disk_make_the_same_experiment(self):
        for changes in ({}, {"test": None}):
            memory, disk = (self.load(mib, **changes) for mib in (None, 0))
            self.assertIsInstance(memory.training.pool.images, np.ndarray)
            self.assertIsInstance(disk.training.pool.images, StoredImages)
            self.assertEqual(disk.split, memory.split)
            for part in ("test", "validation", "labelled", "calibration"):
                self.assertAllEqual(*(getattr(e, f"{part}_images")(16) for e in (memory, disk)))

    def test_validation_images_are_prepared_like_test_images(self):
        experiment = self.load()
        for images, prepared in (
            (experiment.validation, experiment.validation_images(16)),
            (experiment.dataset.test, experiment.test_images(16)),
        ):
            expected = normalise(images.images, TINY.pixel_mean, TINY.pixel_std)
            self.assertAllEqual(prepared, expected)

    def test_settings_reach_the_data(self):
        with self.assertRaisesRegex(UserError, "group='burst' finds no group in 20 of 20"):
            self.load(group="burst")
        self.assertEqual(self.load(channels=1).channels, 1)
        self.assertIsNone(self.load(validation=0).validation)
        self.assertAllEqual(np.bincount(self.load(validation=0.5).validation.labels), [5, 5])
        with self.assertRaisesRegex(UserError, "cannot read .*nowhere"):
            self.load(split="nowhere")

    def test_arrays(self):
        x = np.concatenate([blobs(20, 16, 1), blobs(20, 16, 2)])
        images = Images(x, ["cat"] * 20 + ["dog"] * 20)
        experiment = load_experiment(Settings("arrays", 0.5, search_space="tiny"), images)
        self.assertEqual(experiment.dataset.class_names, ("cat", "dog"))
        self.assertAllEqual(np.bincount(experiment.validation.labels), [2, 2])
        folder = open_folder(experiment, self.run_folder, overwrite=False)
        images.x[3] //= 2
        changed = load_experiment(Settings("arrays", 0.5, search_space="tiny"), images)
        with self.assertRaisesRegex(UserError, "images have changed .*1 added .* 1 gone"):
            open_folder(changed, folder, overwrite=False)

    def test_input_spec_says_what_is_done_to_a_photograph(self):
        photo = np.asarray(Image.open(self.root / "test" / "cat" / "3_0.png"))
        for settings in ({}, {"channels": 1}, {"search_space": "attentive_nas"}):
            made = self.load(**settings)
            position = made.dataset.test.ids.tolist().index("test:cat/3_0.png")
            resolution = max(made.space.resolutions)
            expected = made.test_images(resolution)[position]
            self.assertAllEqual(to_tensor(photo, made.input_spec(resolution)), expected)

    def test_input_spec_names_what_keeps_the_meaning(self):
        self.assertEqual(self.load().input_spec(16).augmentations, ("shift", "flip"))
        self.assertEqual(experiment().input_spec(16).augmentations, ("shift",))
        self.assertEqual(experiment().input_spec(16).colour, "grey")

    def test_no_validation_images(self):
        experiment = self.load(labels_per_class=5)
        self.assertIsNone(experiment.validation)
        with self.assertRaisesRegex(UserError, r"no validation images: class 'cat' .*too few"):
            experiment.validation_images(16)

    def test_calibration_images_are_trained_on(self):
        experiment = self.load()
        used = experiment.training.pool.take(experiment.training.unlabelled)
        expected = normalise(used.images, TINY.pixel_mean, TINY.pixel_std)
        shown = experiment.training_images(16, 1000)
        self.assertLen(shown, 26)
        for image in shown:
            self.assertTrue((image == expected).all(axis=(1, 2, 3)).any())

    def test_equal_settings_have_one_form(self):
        forms = [Settings("digits", labels).to_json() for labels in (5, "5", " 5 ")]
        self.assertEqual(forms[0], forms[1])
        self.assertEqual(forms[0], forms[2])
        self.assertEqual(json.loads(json.dumps(forms[0])), forms[0])


class PhotographTest(tf.test.TestCase):
    def test_every_part_sees_what_predict_sees_at_every_resolution(self):
        root, corner = Path(self.get_temp_dir(), "photos"), 0
        for name, photo in zip(("temple", "flower"), load_sample_images().images, strict=True):
            (root / name).mkdir(parents=True)
            for size in ((200, 320), (311, 97), (64, 64), (33, 40), (150, 150)) * 2:
                corner += 11
                part = photo[corner : corner + size[0], 2 * corner : 2 * corner + size[1]]
                Image.fromarray(part).save(root / name / f"{corner}.jpg", quality=90)
        with mock.patch.dict(
            presets.SPACES, {"tiny": dataclasses.replace(TINY, resolutions=(16, 24, 40, 48))}
        ):
            settings = Settings(str(root), 3, search_space="tiny", resolutions=(24, 40, 16))
            made = load_experiment(settings)
        for resolution in (40, 24, 16):
            spec = made.input_spec(resolution)
            for part in (made.training.pool, made.dataset.test):
                for name, image in zip(part.ids.tolist(), part.at(resolution), strict=True):
                    raw = decode_image(root / name.removeprefix("test:"))
                    self.assertAllEqual(image, prepare(raw, spec))
        with self.assertRaisesRegex(ValueError, "no images of 32 pixels, only of 40, 24, 16"):
            made.test_images(32)


class OpenFolderTest(ExperimentTest):
    def test_equal_images_go_on(self):
        self.assertEqual(self.open(), self.open())

    def test_a_run_of_other_settings_is_refused(self):
        self.open()
        with self.assertRaisesRegex(
            UserError, "holds another run .*labels_per_class is 'all' there"
        ):
            self.open(labels_per_class=3)

    def test_changed_images_of_every_part_are_noticed(self):
        self.open()
        for name, part in (
            ("photos/cat/0_0.png", "(labelled|validation)"),
            ("more/2_0.png", "unlabelled"),
            ("test/dog/4_0.png", "test"),
        ):
            path = self.root / name
            before = path.read_bytes()
            Image.fromarray(blobs(1, 16, 99)[0]).save(path)
            with self.assertRaisesRegex(
                UserError, rf"images have changed .*\({part}: 1 changed \(.*{path.name}\)\)"
            ):
                self.open()
            path.write_bytes(before)
        self.open()

    def test_added_and_removed_images_are_noticed(self):
        self.open()
        self.add("test/cat", 1, seed=50)
        (self.root / "more" / "2_0.png").unlink()
        with self.assertRaisesRegex(
            UserError, r"unlabelled: 1 gone .*; test: 1 added \(test:cat/50_0.png\)"
        ):
            self.open()

    def test_overwrite_begins_the_run_anew(self):
        folder = self.open()
        (folder / CHECKPOINT).write_bytes(b"")
        self.add("test/cat", 1, seed=50)
        self.open(overwrite=True)
        self.assertFalse((folder / CHECKPOINT).exists())
        self.open()

    def test_begun_run_without_its_split(self):
        folder = self.open()
        (folder / "split.json").unlink()
        self.open()  # nothing has been trained yet
        (folder / "split.json").unlink()
        (folder / CHECKPOINT).write_bytes(b"")
        with self.assertRaisesRegex(UserError, "holds checkpoint.npz, but no split.json"):
            self.open()

    def test_run_that_follows_an_earlier_split(self):
        config = {"test": None, "unlabelled": None}
        first = self.load(**config)
        open_folder(first, self.run_folder, overwrite=False)
        self.add("photos/cat", 30, seed=60)
        self.add("photos/dog", 30, seed=61)
        seven = TrainConfig(seed=7)
        again = self.load(**config, split=str(self.run_folder), train=seven)
        trained = {*first.split.parts["labelled"], *first.split.parts["unlabelled"]}
        self.assertEmpty(trained & set(again.dataset.test.ids))
        self.assertEmpty(trained & set(again.validation.ids))
        self.assertContainsSubset(first.dataset.test.ids, again.dataset.test.ids)
        anew = self.load(**config, train=dataclasses.replace(seven))
        self.assertNotEmpty(trained & set(anew.dataset.test.ids))


if __name__ == "__main__":
    tf.test.main()
