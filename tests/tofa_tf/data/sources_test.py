"""Tests of finding and completing data sets by name."""

from pathlib import Path

import numpy as np
import tensorflow as tf
from PIL import Image

from tests.tofa_tf.data.images import blobs
from tofa_tf.common.errors import UserError
from tofa_tf.data.records import UNKNOWN
from tofa_tf.data.sources import load_dataset


class LoadDatasetTest(tf.test.TestCase):
    def setUp(self):
        super().setUp()
        self.root = Path(self.get_temp_dir())

    def folder(self, name: str, **counts: int) -> str:
        for seed, (group, count) in enumerate(counts.items()):
            (self.root / name / group).mkdir(parents=True)
            for position, image in enumerate(blobs(count, 12, seed)):
                Image.fromarray(image).save(self.root / name / group / f"{position}.png")
        return str(self.root / name)

    def test_digits_with_stratified_test_part(self):
        dataset = load_dataset("digits", image_size=8, seed=1)
        self.assertEqual(dataset.name, "digits")
        self.assertEqual(len(dataset.train) + len(dataset.test), 1797)
        counts = np.bincount(np.concatenate([dataset.train.labels, dataset.test.labels]))
        self.assertAllClose(np.bincount(dataset.test.labels) / counts, [0.2] * 10, atol=0.003)
        again, other = (load_dataset("digits", image_size=8, seed=seed) for seed in (1, 2))
        self.assertAllEqual(dataset.test.images, again.test.images)
        self.assertNotAllEqual(dataset.test.labels, other.test.labels)

    def test_pool_keeps_positions_and_adds_unlabelled_images(self):
        unlabelled = self.folder("more", any=3)
        dataset = load_dataset("digits", image_size=8, unlabelled=unlabelled)
        pool, count = dataset.pool(), len(dataset.train)
        self.assertAllEqual(pool.images[:count], dataset.train.images)
        self.assertAllEqual(pool.images[count:], dataset.unlabelled)
        self.assertAllEqual(pool.labels[:count], dataset.train.labels)
        self.assertAllEqual(pool.labels[count:], [UNKNOWN] * 3)
        alone = load_dataset("digits", image_size=8)
        self.assertIs(alone.pool(), alone.train)

    def test_folder_with_test_folder(self):
        train, test = self.folder("train", cat=4, dog=3), self.folder("test", dog=2)
        dataset = load_dataset(train, image_size=12, test=test)
        self.assertAllEqual(dataset.train.labels, [0] * 4 + [1] * 3)
        self.assertAllEqual(dataset.test.labels, [1, 1])
        self.assertIsNone(dataset.unlabelled)

    def test_folder_with_seeded_test_part(self):
        dataset = load_dataset(
            self.folder("set", cat=10, dog=5), image_size=12, test_fraction=0.4, seed=3
        )
        self.assertAllEqual(np.bincount(dataset.train.labels), [6, 3])
        self.assertAllEqual(np.bincount(dataset.test.labels), [4, 2])
        seen = np.concatenate([dataset.train.images, dataset.test.images])
        self.assertLen(np.unique(seen, axis=0), 15)

    def test_unreadable_images_of_all_folders_are_listed(self):
        folders = {
            "name": self.folder("set", cat=4, dog=4),
            "unlabelled": self.folder("more", any=3),
            "test": self.folder("test", cat=3),
        }
        damaged = [self.root / at / "0.png" for at in ("set/cat", "more/any", "test/cat")]
        for path in damaged:
            path.write_bytes(b"")
        dataset = load_dataset(image_size=12, **folders)
        self.assertCountEqual([line.split(": ")[0] for line in dataset.skipped], map(str, damaged))
        self.assertLen(dataset.train, 7)

    def test_unknown_name_lists_what_there_is(self):
        with self.assertRaisesRegex(
            UserError, "unknown data set 'digit'; available: digits; .*: none .*; or the path"
        ):
            load_dataset("digit", image_size=8, data_dir=str(self.root))

    def test_path_that_does_not_exist(self):
        with self.assertRaisesRegex(UserError, "data set folder .*/nowhere does not exist"):
            load_dataset(str(self.root / "nowhere"), image_size=8)

    def test_image_size_out_of_range(self):
        with self.assertRaisesRegex(UserError, "image_size is 0"):
            load_dataset("digits", image_size=0)


if __name__ == "__main__":
    tf.test.main()
