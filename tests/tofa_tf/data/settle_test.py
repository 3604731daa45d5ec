"""Tests of making a data set of what a source has delivered."""

import numpy as np
import tensorflow as tf

from tests.tofa_tf.data.images import noise
from tofa_tf.common.errors import UserError
from tofa_tf.data.records import ImageSet, Source, as_texts, without_classes
from tofa_tf.data.settle import as_grey_if_grey, hold_out_test, with_part_names
from tofa_tf.data.splits import PARTS, make_split

_NAMES = ("ant", "bee")


def _images(count: int, *, grey: bool = False) -> ImageSet:
    pixels = noise(count, 4, seed=count)
    if grey:
        pixels = np.repeat(pixels[..., :1], 3, axis=-1)
    return ImageSet(pixels, (np.arange(count) % 2).astype(np.int32))


class WithPartNamesTest(tf.test.TestCase):
    def test_equal_names_in_different_parts_are_told_apart(self):
        extra = without_classes(noise(1, 4), as_texts(["0"]))
        source = with_part_names(Source(_NAMES, _images(2), _images(1), extra))
        self.assertAllEqual(source.train.ids, ["0", "1"])
        self.assertAllEqual(source.test.ids, ["test:0"])
        self.assertAllEqual(source.unlabelled.ids, ["unlabelled:0"])

    def test_missing_parts(self):
        source = with_part_names(Source(_NAMES, _images(2)))
        self.assertIsNone(source.test)
        self.assertIsNone(source.unlabelled)


class AsGreyIfGreyTest(tf.test.TestCase):
    def test_all_parts_are_grey(self):
        source = Source(_NAMES, _images(4, grey=True), _images(2, grey=True))
        grey = as_grey_if_grey(source)
        self.assertAllEqual(grey.train.images, source.train.images[..., :1])
        self.assertAllEqual(grey.test.images, source.test.images[..., :1])
        self.assertAllEqual(grey.train.labels, source.train.labels)

    def test_one_part_is_not(self):
        source = Source(_NAMES, _images(4, grey=True), _images(2))
        self.assertIs(as_grey_if_grey(source), source)


class HoldOutTestTest(tf.test.TestCase):
    def test_divides_by_class(self):
        train, test = hold_out_test(_images(20), 0.2, _NAMES, seed=0, earlier=None)
        self.assertAllEqual(np.bincount(train.labels), [8, 8])
        self.assertAllEqual(np.bincount(test.labels), [2, 2])
        self.assertCountEqual([*train.ids, *test.ids], [str(position) for position in range(20)])

    def test_follows_an_earlier_split(self):
        images, nothing = _images(20), np.arange(0)
        parts = dict.fromkeys(PARTS, (images, nothing))
        earlier = make_split(_NAMES, {**parts, "test": (images, np.array([3, 4, 16]))})
        for seed in range(4):
            _, test = hold_out_test(images, 0.2, _NAMES, seed, earlier)
            self.assertContainsSubset(["3", "4", "16"], test.ids.tolist())
            self.assertLen(test, 4)

    def test_class_of_one_image(self):
        with self.assertRaisesRegex(UserError, r"class 'bee' has too few images .* test \(1\)"):
            hold_out_test(_images(3), 0.2, _NAMES, seed=0, earlier=None)

    def test_share_out_of_range(self):
        for fraction in (0.0, 1.0, -1.0):
            with self.assertRaisesRegex(UserError, "test_fraction is"):
                hold_out_test(_images(4), fraction, _NAMES, seed=0, earlier=None)


if __name__ == "__main__":
    tf.test.main()
