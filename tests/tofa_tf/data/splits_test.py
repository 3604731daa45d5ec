"""Tests of the record of which image is in which part."""

import dataclasses
from pathlib import Path

import numpy as np
import tensorflow as tf

from tests.tofa_tf.data.images import noise
from tofa_tf.common.errors import UserError
from tofa_tf.data import splits
from tofa_tf.data.records import ImageSet, as_texts
from tofa_tf.data.splits import PARTS, Split

_NAMES = ("ant", "bee", "cat")


def _images(count: int = 10) -> ImageSet:
    names = as_texts([f"image{position}" for position in range(count)])
    return ImageSet(noise(count, 4), (np.arange(count) % 3).astype(np.int32), names)


def _split(images: ImageSet, names=_NAMES, **moved: list[int]) -> Split:
    positions = {
        "labelled": [0, 1, 2], "unlabelled": [3, 4], "validation": [5], "set_aside": [6],
        "test": [7, 8], **moved,
    }  # fmt: skip
    return splits.make_split(
        names, {part: (images, np.array(positions[part], int)) for part in PARTS}
    )


class SplitTest(tf.test.TestCase):
    def test_sides(self):
        split = _split(_images())
        self.assertEqual(split.side(test=True), {"image7", "image8"})
        self.assertEqual(split.side(test=False), {f"image{position}" for position in range(7)})

    def test_no_difference(self):
        self.assertEqual(splits.difference(_split(_images()), _split(_images())), "")

    def test_changed_pixels_of_every_part_are_noticed(self):
        for part, name in (("test", "image7"), ("unlabelled", "image3"), ("labelled", "image0")):
            images = _images()
            images.images[int(name[-1]), 0, 0, 0] ^= 1
            found = splits.difference(_split(_images()), _split(images))
            self.assertEqual(found, f"{part}: 1 changed ({name})")

    def test_changed_class_is_noticed(self):
        images = _images()
        images.labels[5] = 0
        found = splits.difference(_split(_images()), _split(images))
        self.assertEqual(found, "validation: 1 changed (image5)")

    def test_more_and_fewer_images_are_named(self):
        found = splits.difference(_split(_images()), _split(_images(), test=[8, 9], set_aside=[]))
        self.assertEqual(
            found, "set aside: 1 gone (image6); test: 1 added (image9), 1 gone (image7)"
        )
        found = splits.difference(_split(_images(), test=[]), _split(_images(), test=[0, 1, 2, 3]))
        self.assertEqual(found, "test: 4 added (image0, image1, image2, ...)")

    def test_other_classes_are_noticed(self):
        found = splits.difference(_split(_images()), _split(_images(), names=("ant", "bee", "cow")))
        self.assertStartsWith(found, "classes: ant, bee, cat then, ant, bee, cow now; ")

    def test_images_of_unknown_class(self):
        images = _images()
        unknown = dataclasses.replace(images, labels=np.full(10, -1, np.int32))
        self.assertNotEqual(_split(images).parts["test"], _split(unknown).parts["test"])


class StoredSplitTest(tf.test.TestCase):
    def setUp(self):
        super().setUp()
        self.folder = Path(self.get_temp_dir(), self.id())
        self.path = self.folder / "split.json"

    def test_round_trip_by_file_or_folder(self):
        split = _split(_images())
        splits.save_split(self.path, split)
        for path in (self.path, str(self.folder)):
            self.assertEqual(splits.load_split(path), split)
        self.assertEqual([self.path], list(self.folder.iterdir()))

    def test_file_that_is_not_a_split(self):
        self.folder.mkdir()
        old = '{"labels_per_class": 1, "seed": 0, "indices": [3], "fingerprint": "ab"}'
        half = '{"class_names": ["a"], "parts": {"test": {"a": "b"}}}'
        later = '{"class_names": ["a"], "parts": {}, "format": 3}'
        for content in ('{"a": 1}', "[1, 2]", "3", old, half, later):
            self.path.write_text(content)
            with self.assertRaisesRegex(UserError, "does not say which images are in which part"):
                splits.load_split(self.path)
        self.path.write_text("{")
        with self.assertRaisesRegex(UserError, "is not JSON"):
            splits.load_split(self.path)

    def test_missing_file(self):
        with self.assertRaisesRegex(UserError, "cannot read .*split.json"):
            splits.load_split(self.path)


if __name__ == "__main__":
    tf.test.main()
