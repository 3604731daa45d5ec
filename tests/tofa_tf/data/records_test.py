"""Tests of images, their names and groups."""

import numpy as np
import tensorflow as tf

from tests.tofa_tf.data.images import noise
from tofa_tf.data.records import UNKNOWN, Dataset, ImageSet, as_texts, joined, without_classes


def _images(count: int, **more) -> ImageSet:
    return ImageSet(noise(count, 4), np.arange(count, dtype=np.int32), **more)


class ImageSetTest(tf.test.TestCase):
    def test_names_are_positions_by_default(self):
        self.assertAllEqual(_images(3).ids, ["0", "1", "2"])

    def test_take(self):
        images = _images(4, ids=as_texts("abcd"), groups=as_texts(["x", None, "x", "y"]))
        for chosen in (np.array([2, 0]), np.array([True, False, True, False])):
            taken, order = images.take(chosen), np.arange(4)[chosen]
            self.assertAllEqual(taken.images, images.images[order])
            self.assertAllEqual(taken.labels, order)
            self.assertAllEqual(taken.ids, np.array(list("abcd"))[order])
            self.assertAllEqual(taken.groups, ["x", "x"])

    def test_joined(self):
        one = _images(2, groups=as_texts("xy"))
        both = joined([one, without_classes(noise(3, 4, 1), as_texts("abc"))])
        self.assertAllEqual(both.images, np.concatenate([one.images, noise(3, 4, 1)]))
        self.assertAllEqual(both.labels, [0, 1, UNKNOWN, UNKNOWN, UNKNOWN])
        self.assertAllEqual(both.ids, ["0", "1", "a", "b", "c"])
        self.assertAllEqual(both.groups, ["x", "y", None, None, None])
        self.assertIsNone(joined([_images(1), _images(1)]).groups)

    def test_every_size_is_taken_and_joined(self):
        images = _images(3, smaller=(noise(3, 2),))
        self.assertAllEqual(images.take(np.array([2])).at(2), noise(3, 2)[2:])
        more = without_classes(noise(1, 4, 1), as_texts("a"), (noise(1, 2, 1),))
        both = joined([images, more])
        self.assertAllEqual(both.at(2), np.concatenate([noise(3, 2), noise(1, 2, 1)]))
        self.assertAllEqual(both.at(4), both.images)
        with self.assertRaisesRegex(ValueError, "no images of 3 pixels, only of 4, 2"):
            both.at(3)

    def test_among(self):
        self.assertAllEqual(_images(3).among({"2", "7"}), [False, False, True])
        self.assertAllEqual(_images(3).among(()), [False] * 3)

    def test_shows_the_same(self):
        images = _images(4, groups=as_texts(["x", None, "y", "x"]))
        others = _images(3, groups=as_texts(["x", None, "z"]))
        self.assertAllEqual(images.shows_the_same(others), [True, False, False, True])
        self.assertAllEqual(images.shows_the_same(_images(3)), [False] * 4)


class DatasetTest(tf.test.TestCase):
    def test_channels(self):
        self.assertEqual(Dataset("set", ("a", "b"), _images(2), _images(1)).channels, 3)


if __name__ == "__main__":
    tf.test.main()
