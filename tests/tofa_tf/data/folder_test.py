"""Tests of folders as data sets."""

from pathlib import Path

import numpy as np
import tensorflow as tf
from PIL import Image

from tests.tofa_tf.data.images import blobs
from tofa_tf.common.errors import UserError
from tofa_tf.data import folder


class FolderTest(tf.test.TestCase):
    def setUp(self):
        super().setUp()
        self.root = Path(self.get_temp_dir(), "set")
        self.root.mkdir()

    def load(self, path=None, *, test=None, unlabelled=None):
        return folder.load(str(path or self.root), (16,), 3, test=test, unlabelled=unlabelled)

    def fill(self, where: str, count: int, seed: int = 0) -> np.ndarray:
        images = blobs(count, 16, seed)
        (self.root / where).mkdir(parents=True, exist_ok=True)
        for position, image in enumerate(images):
            Image.fromarray(image).save(self.root / where / f"{position}.png")
        return images


class LoadTest(FolderTest):
    def test_classes_by_sorted_name(self):
        dogs, cats = self.fill("dog", 3, seed=1), self.fill("cat", 2, seed=2)
        source = self.load()
        self.assertEqual(source.class_names, ("cat", "dog"))
        self.assertAllEqual(source.train.images, np.concatenate([cats, dogs]))
        self.assertAllEqual(source.train.labels, [0, 0, 1, 1, 1])
        self.assertDTypeEqual(source.train.labels, np.int32)
        self.assertIsNone(source.test)

    def test_deeper_images_count_and_hidden_or_other_files_do_not(self):
        self.fill("cat/images", 2)
        self.fill("dog", 2)
        self.fill("dog/from/phone", 1)
        self.fill("dog/.thumbnails", 4)
        self.fill(".cache", 4)
        (self.root / "dog" / ".hidden.png").write_bytes(b"")
        (self.root / "dog" / "notes.txt").write_text("barks")
        (self.root / "README.md").write_text("pets")
        source = self.load()
        self.assertEqual(source.class_names, ("cat", "dog"))
        self.assertAllEqual(source.train.labels, [0, 0, 1, 1, 1])
        self.assertEmpty(source.skipped)

    def test_labels_stay_with_their_images_when_some_are_damaged(self):
        self.fill("cat", 3, seed=1)
        dogs = self.fill("dog", 3, seed=2)
        (self.root / "cat" / "1.png").write_bytes(b"")
        (self.root / "dog" / "0.png").write_bytes(b"junk")
        source = self.load()
        self.assertAllEqual(source.train.labels, [0, 0, 1, 1])
        self.assertAllEqual(source.train.images[2:], dogs[1:])
        self.assertLen(source.skipped, 2)

    def test_missing_folder(self):
        with self.assertRaisesRegex(UserError, "folder .*/nowhere does not exist"):
            self.load(self.root / "nowhere")

    def test_file_instead_of_a_folder(self):
        (self.root / "file").write_text("")
        with self.assertRaisesRegex(UserError, "is not a folder"):
            self.load(self.root / "file")

    def test_no_class_folders(self):
        self.fill(".", 3)
        with self.assertRaisesRegex(UserError, "has no sub-folders: one sub-folder a class"):
            self.load()

    def test_one_class_only(self):
        self.fill("cat", 3)
        with self.assertRaisesRegex(UserError, "has one sub-folder, 'cat': .* two classes"):
            self.load()

    def test_class_folder_without_images(self):
        self.fill("cat", 3)
        (self.root / "dog").mkdir()
        with self.assertRaisesRegex(UserError, "class folder .*/dog has no images"):
            self.load()

    def test_class_with_damaged_images_only(self):
        self.fill("cat", 3)
        self.fill("dog", 1)
        (self.root / "dog" / "0.png").write_bytes(b"")
        with self.assertRaisesRegex(UserError, "none of the images in .*/dog can be read"):
            self.load()

    def test_nested_class_folders(self):
        for name in ("pets/cat", "pets/dog", "farm/cow", "farm/pig"):
            self.fill(name, 1)
        with self.assertRaisesRegex(UserError, r"/farm has no images of its own .*\(cow, pig\)"):
            self.load()

    def test_parts_instead_of_classes(self):
        for name in ("train/cat", "train/dog", "test/cat", "test/dog"):
            self.fill(name, 1)
        with self.assertRaisesRegex(
            UserError,
            "folders train, test, which look like parts .*: name .*/set/train as the data set and "
            ".*/set/test as its test folder$",
        ):
            self.load()

    def test_part_among_classes(self):
        for name in ("cat", "dog", "Val/cat"):
            self.fill(name, 1)
        with self.assertRaisesRegex(UserError, "folders Val, .*: name .*/Val as its test folder$"):
            self.load()
        source = self.load(test=str(self.root / "Val"))
        self.assertEqual(source.class_names, ("cat", "dog"))

    def test_unlabelled_sub_folder_is_no_class(self):
        self.fill("cat", 2)
        self.fill("dog", 2)
        extra = self.fill("Unlabeled/from/phone", 3, seed=5)
        with self.assertLogs("absl", "INFO") as logged:
            source = self.load()
        self.assertIn("/Unlabeled is taken as unlabelled images", logged.output[0])
        self.assertEqual(source.class_names, ("cat", "dog"))
        self.assertAllEqual(source.unlabelled.images, extra)
        self.assertEqual(source.unlabelled.ids[0], "Unlabeled/from/phone/0.png")

    def test_folders_named_by_the_user_are_no_classes(self):
        for name in ("cat", "dog", "phone", "more/cat"):
            self.fill(name, 1)
        source = self.load(test=f"{self.root}/more", unlabelled=f"{self.root}/dog/../phone/")
        self.assertEqual(source.class_names, ("cat", "dog"))
        self.assertIsNone(source.unlabelled)

    def test_a_run_among_the_classes_is_none(self):
        for name in ("cat", "dog", "run/scenarios/rp2040"):
            self.fill(name, 1)
        (self.root / "run" / ".tofa.json").touch()
        self.assertEqual(self.load().class_names, ("cat", "dog"))

    def test_images_in_two_parts(self):
        for name in ("cat/blurred", "cat/sharp", "dog"):
            self.fill(name, 1)
        for inside in ({"unlabelled": f"{self.root}/cat/blurred"}, {"test": str(self.root)}):
            with self.assertRaisesRegex(UserError, "class folder .*/cat and the .* in common"):
                self.load(**inside)

    def test_names_that_break_the_line(self):
        self.fill("cat", 1)
        self.fill("d\nog", 1)
        with self.assertRaisesRegex(UserError, r"one line, 'd\\nog': rename it"):
            self.load()
        with self.assertRaisesRegex(UserError, r"folder 'no\\nwhere' has a name that cannot"):
            self.load("no\nwhere")

    def test_ids_are_paths_in_the_folder(self):
        self.fill("cat", 1)
        self.fill("dog/from\nhere", 2)
        ids = ["cat/0.png", r"dog/from\nhere/0.png", r"dog/from\nhere/1.png"]
        self.assertAllEqual(self.load().train.ids, ids)


class LoadTestImagesTest(FolderTest):
    def test_classes_get_the_numbers_of_training(self):
        self.fill("dog", 2)
        images, skipped = folder.load_test(str(self.root), (16,), 3, ("ant", "cat", "dog"))
        self.assertAllEqual(images.labels, [2, 2])
        self.assertEqual(images.images.shape, (2, 16, 16, 3))
        self.assertEmpty(skipped)

    def test_classes_unknown_to_training(self):
        for name in ("cat", "cow", "pig"):
            self.fill(name, 1)
        with self.assertRaisesRegex(
            UserError, "training images lack: cow, pig; known are cat, dog"
        ):
            folder.load_test(str(self.root), (16,), 3, ("cat", "dog"))

    def test_no_class_folders(self):
        with self.assertRaisesRegex(UserError, "test folder .* has no sub-folders"):
            folder.load_test(str(self.root), (16,), 3, ("cat", "dog"))


class LoadUnlabelledTest(FolderTest):
    def test_any_images_at_any_depth(self):
        first, second = self.fill("a/b", 2, seed=1), self.fill("c", 1, seed=2)
        Image.new("L", (50, 30), 77).save(self.root / "grey.jpg")
        images, skipped = folder.load_unlabelled(str(self.root), (16,), 3)
        self.assertAllEqual(images.images[:3], np.concatenate([first, second]))
        self.assertAllEqual(images.images[3], np.full((16, 16, 3), 77))
        self.assertAllEqual(images.labels, [-1] * 4)
        self.assertAllEqual(images.ids, ["a/b/0.png", "a/b/1.png", "c/0.png", "grey.jpg"])
        self.assertEmpty(skipped)

    def test_empty(self):
        (self.root / "notes.txt").write_text("")
        with self.assertRaisesRegex(UserError, "of unlabelled images has no images"):
            folder.load_unlabelled(str(self.root), (16,), 3)

    def test_missing(self):
        with self.assertRaisesRegex(UserError, "unlabelled folder .* does not exist"):
            folder.load_unlabelled(str(self.root / "nowhere"), (16,), 3)


if __name__ == "__main__":
    tf.test.main()
