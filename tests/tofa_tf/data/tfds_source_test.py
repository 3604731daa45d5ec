"""Tests of tensorflow-datasets sets: small ones prepared here, real ones where they are at hand.

TOFA_TFDS_DIR names a folder with prepared `cifar10` and `tiny_imagenet`.
"""

import os
import unittest
from pathlib import Path

import numpy as np
import tensorflow as tf
import tensorflow_datasets as tfds

from tests.tofa_tf.data.images import noise
from tofa_tf.common.errors import UserError
from tofa_tf.data import tfds_source
from tofa_tf.data.resize import resize

_REAL = os.environ.get("TOFA_TFDS_DIR")


def _prepare(data_dir: str, splits: dict, *, channels: int = 3, version: str = "1.0.0") -> None:
    """Writes a set called `pets` whose splits are (images, labels)."""
    features = tfds.features.FeaturesDict(
        {
            "image": tfds.features.Image(shape=(None, None, channels)),
            "label": tfds.features.ClassLabel(names=["cat", "dog"]),
        }
    )
    _write("pets", data_dir, splits, features, ("image", "label"), version)


def _write(name, data_dir, splits, features, keys, version="1.0.0") -> None:
    folder = Path(data_dir, name, version)
    folder.mkdir(parents=True)
    identity = tfds.core.DatasetIdentity(
        name=name, version=version, data_dir=str(folder), module_name=""
    )
    info = tfds.core.DatasetInfo(builder=identity, features=features, supervised_keys=keys)
    writer = tfds.core.SequentialWriter(info, max_examples_per_shard=1000)
    writer.initialize_splits(list(splits))
    for split, columns in splits.items():
        rows = [dict(zip(features, row, strict=True)) for row in zip(*columns, strict=True)]
        writer.add_examples({split: rows})
    writer.close_all()


class TfdsSourceTest(tf.test.TestCase):
    def setUp(self):
        super().setUp()
        self.data_dir = self.get_temp_dir()

    def load(self, size: int = 8, channels: int = 3):
        return tfds_source.load("pets", (size,), channels, self.data_dir)

    def test_parts_and_classes(self):
        train, test, unlabelled = noise(5, 8, 1), noise(3, 8, 2), noise(4, 8, 3)
        _prepare(
            self.data_dir,
            {
                "train": (train, [0, 1, 1, 0, 1]),
                "test": (test, [1, 1, 0]),
                "unlabelled": (unlabelled, [-1] * 4),
            },
        )
        source = self.load()
        self.assertEqual(source.class_names, ("cat", "dog"))
        self.assertAllEqual(source.train.images, train)
        self.assertAllEqual(source.train.labels, [0, 1, 1, 0, 1])
        self.assertDTypeEqual(source.train.labels, np.int32)
        self.assertAllEqual(source.test.images, test)
        self.assertAllEqual(source.test.labels, [1, 1, 0])
        self.assertAllEqual(source.unlabelled.images, unlabelled)
        self.assertAllEqual(source.unlabelled.labels, [-1] * 4)

    def test_images_are_resized_by_the_one_rule(self):
        images = [noise(1, 20)[0][:15], noise(1, 8)[0]]
        _prepare(self.data_dir, {"train": (images, [0, 1])})
        source = self.load()
        self.assertAllEqual(source.train.images, [resize(image, 8) for image in images])
        self.assertIsNone(source.test)
        self.assertIsNone(source.unlabelled)

    def test_grey(self):
        images = noise(2, 8)[..., :1]
        _prepare(self.data_dir, {"train": (images, [0, 1])}, channels=1)
        self.assertAllEqual(self.load().train.images, np.repeat(images, 3, axis=-1))
        self.assertAllEqual(self.load(channels=1).train.images, images)

    def test_a_few_images_are_read_alone(self):
        images = noise(4, 8)
        _prepare(self.data_dir, {"train": (images, [0, 1, 0, 1])})
        self.assertAllEqual(tfds_source.some_images("pets", 3, 8, self.data_dir), images[:3])
        self.assertLen(tfds_source.some_images("pets", 9, 8, self.data_dir), 4)

    def test_test_part_with_secret_labels_gives_way_to_validation(self):
        parts = {
            "train": (noise(2, 8), [0, 1]),
            "test": (noise(2, 8), [-1, -1]),
            "validation": (noise(2, 8), [1, 0]),
        }
        _prepare(self.data_dir, parts)
        self.assertAllEqual(self.load().test.labels, [1, 0])

    def test_newest_version_is_found(self):
        for version, count in (("9.0.0", 1), ("10.0.0", 2), ("1.2.0", 3)):
            parts = {"train": (noise(count, 8), [0] * count)}
            _prepare(self.data_dir, parts, version=version)
        self.assertEqual(list(tfds_source.prepared(self.data_dir)), ["pets"])
        self.assertLen(self.load().train, 2)

    def test_nothing_prepared(self):
        self.assertEmpty(tfds_source.prepared(self.data_dir))
        self.assertIn("none", tfds_source.describe_prepared(self.data_dir))
        self.assertIn(f"data_dir='{self.data_dir}'", tfds_source.describe_prepared(self.data_dir))

    def test_set_without_training_images(self):
        _prepare(self.data_dir, {"test": (noise(2, 8), [0, 1])})
        with self.assertRaisesRegex(UserError, "no split called train"):
            self.load()

    def test_set_without_classes(self):
        features = tfds.features.FeaturesDict(
            {"image": tfds.features.Image(shape=(None, None, 3)), "size": np.int64}
        )
        _write("pets", self.data_dir, {"train": (noise(1, 8), [3])}, features, ("image", "size"))
        with self.assertRaisesRegex(UserError, "does not consist of images with one class each"):
            self.load()

    def test_damaged_files(self):
        _prepare(self.data_dir, {"train": (noise(20, 8), [0, 1] * 10)})
        (record,) = Path(self.data_dir).rglob("*.tfrecord*")
        sound = record.read_bytes()
        record.write_bytes(sound[: len(sound) // 2])
        with self.assertRaisesRegex(UserError, "cannot read the data set in .*pets"):
            self.load()
        (info,) = Path(self.data_dir).rglob("dataset_info.json")
        info.write_text("{")
        with self.assertRaisesRegex(UserError, "cannot read the data set in .*pets"):
            self.load()

    def test_missing_files_of_records(self):
        _prepare(self.data_dir, {"train": (noise(20, 8), [0, 1] * 10)})
        (record,) = Path(self.data_dir).rglob("*.tfrecord*")
        record.write_bytes(b"")
        with self.assertRaisesRegex(UserError, "pets/1.0.0: Input dataset .* only 0 elements.$"):
            self.load()
        record.unlink()
        with self.assertRaisesRegex(UserError, "pets/1.0.0: [^{]*-00000; No such file[^[]*$"):
            self.load()


@unittest.skipUnless(_REAL, "TOFA_TFDS_DIR does not name a folder of prepared data sets")
class RealDataTest(tf.test.TestCase):
    def test_cifar10(self):
        source = tfds_source.load("cifar10", (32,), 3, _REAL)
        self.assertEqual(source.train.images.shape, (50_000, 32, 32, 3))
        self.assertAllEqual(np.bincount(source.train.labels), [5000] * 10)
        self.assertAllEqual(np.bincount(source.test.labels), [1000] * 10)

    def test_tiny_imagenet(self):
        source = tfds_source.load("tiny_imagenet", (48,), 3, _REAL)
        self.assertEqual(source.train.images.shape, (50_500, 48, 48, 3))
        self.assertAllEqual(np.bincount(source.train.labels), [250] * 202)
        self.assertAllEqual(np.bincount(source.test.labels), [25] * 202)


if __name__ == "__main__":
    tf.test.main()
