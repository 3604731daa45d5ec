"""Tests of finding and completing data sets by name."""

from pathlib import Path

import numpy as np
import tensorflow as tf
from PIL import Image

from tests.tofa_tf.data.images import blobs, noise
from tofa_tf.common.errors import UserError
from tofa_tf.data.arrays import Images
from tofa_tf.data.parts import divide
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
        self.assertAllEqual(pool.images[count:], dataset.unlabelled.images)
        self.assertAllEqual(pool.ids[count:], [f"unlabelled:any/{name}.png" for name in range(3)])
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

    def test_test_folder_and_unlabelled_folder_are_apart(self):
        train, test = self.folder("train", cat=4, dog=3), self.folder("test", dog=2)
        with self.assertRaisesRegex(UserError, "unlabelled folder .* test folder .* in common"):
            load_dataset(train, image_size=12, test=test, unlabelled=f"{test}/dog")

    def test_unlabelled_folder_takes_the_place_of_the_sets_own(self):
        train = self.folder("set", cat=4, dog=3, unlabelled=2)
        own = load_dataset(train, image_size=12)
        self.assertAllEqual(own.unlabelled.ids, [f"unlabelled:unlabelled/{n}.png" for n in (0, 1)])
        self.assertEqual(own.class_names, ("cat", "dog"))
        other = load_dataset(train, image_size=12, unlabelled=self.folder("more", any=3))
        self.assertEqual(other.class_names, ("cat", "dog"))
        self.assertAllEqual(other.unlabelled.ids, [f"unlabelled:any/{n}.png" for n in range(3)])

    def test_too_few_images_for_a_test_part(self):
        with self.assertRaisesRegex(UserError, r"class 'dog' has too few images .* test \(1\)"):
            load_dataset(self.folder("set", cat=4, dog=1), image_size=12)

    def test_test_fraction_out_of_range(self):
        for fraction in (0.0, 1.0, -1.0):
            with self.assertRaisesRegex(UserError, "test_fraction is"):
                load_dataset("digits", image_size=8, test_fraction=fraction)

    def test_unreadable_images_of_all_folders_are_listed(self):
        folders = {
            "source": self.folder("set", cat=4, dog=4),
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


class ChannelsTest(tf.test.TestCase):
    def setUp(self):
        super().setUp()
        self.root = Path(self.get_temp_dir(), self.id())

    def folder(self, name: str, mode: str) -> str:
        for seed, group in enumerate(("cat", "dog")):
            (self.root / name / group).mkdir(parents=True)
            for position, image in enumerate(blobs(4, 12, seed)):
                path = self.root / name / group / f"{position}.png"
                Image.fromarray(image).convert("L").convert(mode).save(path)
        return str(self.root / name)

    def test_grey_files_of_either_mode_have_one_channel(self):
        for mode in ("L", "RGB"):
            path = self.folder(mode, mode)
            dataset = load_dataset(path, image_size=12)
            self.assertEqual(dataset.channels, 1)
            self.assertAllEqual(
                dataset.train.images, load_dataset(path, image_size=12, channels=1).train.images
            )
            self.assertAllEqual(
                np.repeat(dataset.train.images, 3, axis=-1),
                load_dataset(path, image_size=12, channels=3).train.images,
            )

    def test_one_coloured_image_of_any_part_makes_three_channels(self):
        path, more = self.folder("set", "L"), self.folder("more", "L")
        for where in ("test", "unlabelled"):
            parts = {where: more}
            self.assertEqual(load_dataset(path, image_size=12, **parts).channels, 1)
            coloured = self.root / "more" / "cat" / "0.png"
            before = coloured.read_bytes()
            Image.fromarray(blobs(1, 12)[0]).save(coloured)
            dataset = load_dataset(path, image_size=12, **parts)
            self.assertEqual(dataset.channels, 3)
            self.assertEqual(dataset.pool().images.shape[-1], 3)
            self.assertEqual(load_dataset(path, image_size=12, channels=1, **parts).channels, 1)
            coloured.write_bytes(before)

    def test_embedded_digits_are_grey(self):
        self.assertEqual(load_dataset("digits", image_size=8).channels, 1)

    def test_other_numbers_are_refused(self):
        with self.assertRaisesRegex(UserError, "channels is 2"):
            load_dataset("digits", image_size=8, channels=2)


class ArraysTest(tf.test.TestCase):
    def test_arrays_in_place_of_a_name(self):
        x, y = noise(20, 12), np.arange(20) % 2
        dataset = load_dataset(Images(x, y, unlabelled=noise(3, 9)), image_size=12)
        self.assertEqual((dataset.name, dataset.channels), ("arrays", 3))
        self.assertAllEqual(np.bincount(dataset.train.labels), [8, 8])
        self.assertAllEqual(np.bincount(dataset.test.labels), [2, 2])
        self.assertLen(dataset.unlabelled, 3)
        grey = load_dataset(Images(x[..., 0], y), image_size=12)
        self.assertEqual(grey.channels, 1)

    def test_groups_of_arrays(self):
        images = Images(noise(40, 12), np.arange(40) % 2, groups=np.arange(40) // 4)
        dataset = load_dataset(images, image_size=12)
        self.assertNotEmpty(dataset.test)
        self.assertEmpty(set(dataset.train.groups) & set(dataset.test.groups))
        with self.assertRaisesRegex(UserError, "'arrays' has none: .* groups of their own"):
            load_dataset(images, image_size=12, group="a")

    def test_class_that_no_image_is_of(self):
        with self.assertRaisesRegex(UserError, r"class '1' has too few images .*\(0\)"):
            load_dataset(Images(noise(20, 12), np.arange(20) % 2 * 2), image_size=12)


class GroupTest(tf.test.TestCase):
    """Bursts of three images each, named burstB_N.png."""

    def setUp(self):
        super().setUp()
        self.root = Path(self.get_temp_dir(), self.id())

    def folder(self, name: str, group: str, bursts: range) -> str:
        (self.root / name / group).mkdir(parents=True)
        for burst in bursts:
            for position, image in enumerate(blobs(3, 12, burst)):
                path = self.root / name / group / f"burst{burst}_{position}.png"
                Image.fromarray(image).save(path)
        return str(self.root / name)

    def load(self, **changes):
        path = str(self.root / "set")
        return load_dataset(path, image_size=12, **{"group": r"burst\d+", **changes})

    def test_no_burst_is_on_two_sides(self):
        self.folder("set", "cat", range(10))
        self.folder("set", "dog", range(10, 20))
        for seed in range(4):
            dataset = self.load(seed=seed)
            self.assertAllEqual(np.bincount(dataset.test.labels), [6, 6])
            self.assertEmpty(set(dataset.train.groups) & set(dataset.test.groups))
            self.assertIn(f"{dataset.test.groups[0]}_", dataset.test.ids[0])

    def test_burst_in_training_and_test_folder(self):
        self.folder("set", "cat", range(3))
        self.folder("set", "dog", range(3, 6))
        test = self.folder("test", "cat", range(6, 8))
        self.assertLen(self.load(test=test).test, 6)
        self.folder("test", "dog", range(5, 6))
        with self.assertRaisesRegex(UserError, "1 groups in the test folder .*'burst5'"):
            self.load(test=test)

    def test_unlabelled_images_need_no_group(self):
        self.folder("set", "cat", range(3))
        self.folder("set", "dog", range(3, 6))
        extra = self.folder("more", "any", range(1))
        Image.fromarray(blobs(1, 12)[0]).save(self.root / "more" / "holiday.png")
        groups = self.load(unlabelled=extra).unlabelled.groups
        self.assertAllEqual(groups, ["burst0"] * 3 + [None])

    def test_bad_expressions_are_refused_before_images_are_read(self):
        with self.assertRaisesRegex(UserError, "not a regular expression"):
            load_dataset(str(self.root / "nowhere"), image_size=8, group="(")

    def test_set_without_paths(self):
        with self.assertRaisesRegex(UserError, "group='a' .* 'digits' has none"):
            load_dataset("digits", image_size=8, group="a")


class EarlierSplitTest(tf.test.TestCase):
    def test_added_images_move_no_old_one_to_the_other_side(self):
        root = Path(self.get_temp_dir(), "set")
        for group in ("cat", "dog"):
            (root / group).mkdir(parents=True)
            for position, image in enumerate(blobs(15, 12)):
                Image.fromarray(image).save(root / group / f"{position}.png")
        first = load_dataset(str(root), image_size=12)
        earlier = divide(first, "all", None, 0).split(first)
        for group in ("cat", "dog"):
            for position, image in enumerate(blobs(25, 12, 1)):
                Image.fromarray(image).save(root / group / f"a{position}.png")
        for seed in range(3):
            again = load_dataset(str(root), image_size=12, seed=seed, earlier=earlier)
            self.assertContainsSubset(first.test.ids, again.test.ids)
            self.assertContainsSubset(first.train.ids, again.train.ids)
            self.assertAllEqual(np.bincount(again.test.labels), [8, 8])
        anew = load_dataset(str(root), image_size=12)
        self.assertNotEmpty(set(anew.test.ids) & set(first.train.ids))


if __name__ == "__main__":
    tf.test.main()
