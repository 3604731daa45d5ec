"""Tests of label draws, hold-out and stored splits."""

from pathlib import Path

import numpy as np
import tensorflow as tf

from tofa_tf.common.errors import UserError
from tofa_tf.data import splits
from tofa_tf.data.labels import draw_labels
from tofa_tf.data.records import ImageSet

_NAMES = ("ant", "bee", "cat")
_LABELS = np.array([0] * 7 + [1] * 12 + [2] * 5, np.int32)


def _images(labels: np.ndarray = _LABELS) -> ImageSet:
    pixels = np.random.default_rng(0).integers(0, 256, (len(labels), 4, 4, 3), np.uint8)
    return ImageSet(pixels, labels)


class HoldOutTest(tf.test.TestCase):
    def test_parts_are_disjoint_complete_and_stratified(self):
        train, test = splits.hold_out(_LABELS, 0.25, _NAMES, seed=0)
        self.assertAllEqual(np.sort(np.concatenate([train, test])), np.arange(len(_LABELS)))
        self.assertAllEqual(np.bincount(_LABELS[test]), [2, 3, 1])

    def test_either_part_has_every_class(self):
        for fraction in (0.01, 0.99):
            for part in splits.hold_out(_LABELS, fraction, _NAMES, seed=0):
                self.assertAllGreaterEqual(np.bincount(_LABELS[part], minlength=3), 1)

    def test_depends_on_the_seed_alone(self):
        first, again, other = (splits.hold_out(_LABELS, 0.3, _NAMES, s)[1] for s in (0, 0, 1))
        self.assertAllEqual(first, again)
        self.assertNotAllEqual(first, other)

    def test_class_with_a_single_image(self):
        with self.assertRaisesRegex(UserError, "class 'bee' has too few images"):
            splits.hold_out(np.array([0, 0, 1]), 0.2, _NAMES[:2], 0)

    def test_fraction_out_of_range(self):
        for fraction in (0.0, 1.0, -1.0):
            with self.assertRaisesRegex(UserError, "test_fraction is"):
                splits.hold_out(_LABELS, fraction, _NAMES, 0)


class StoredSplitTest(tf.test.TestCase):
    def setUp(self):
        super().setUp()
        self.path = Path(self.get_temp_dir(), "new", "split.json")
        self.split = splits.draw_split(_images(), 3, _NAMES, seed=5)

    def test_round_trip(self):
        splits.save_split(self.path, self.split)
        self.assertEqual(splits.load_split(self.path, _images(), _NAMES), self.split)
        self.assertAllEqual(self.split.indices, draw_labels(_LABELS, 3, _NAMES, 5))
        self.assertEqual([self.path], list(self.path.parent.iterdir()))

    def test_is_not_overwritten_unasked(self):
        splits.save_split(self.path, self.split)
        other = splits.draw_split(_images(), 2, _NAMES, seed=5)
        with self.assertRaisesRegex(UserError, "exists"):
            splits.save_split(self.path, other)
        self.assertEqual(splits.load_split(self.path, _images(), _NAMES), self.split)
        splits.save_split(self.path, other, overwrite=True)
        self.assertEqual(splits.load_split(self.path, _images(), _NAMES), other)

    def test_split_of_other_images_is_refused(self):
        splits.save_split(self.path, self.split)
        brighter = ImageSet(_images().images // 2, _LABELS)
        shifted = ImageSet(_images().images, np.roll(_LABELS, 1))
        for images, names in (
            (brighter, _NAMES),
            (shifted, _NAMES),
            (_images(), ("ant", "bee", "dog")),
            (_images(_LABELS[:-1]), _NAMES),
        ):
            with self.assertRaisesRegex(UserError, "drawn from other training images"):
                splits.load_split(self.path, images, names)

    def test_file_that_is_not_a_split(self):
        self.path.parent.mkdir(parents=True)
        for content in ('{"a": 1}', "[1, 2]", "3", '{"labels_per_class": 1, "seed": 0}'):
            self.path.write_text(content)
            with self.assertRaisesRegex(UserError, "is not a label split"):
                splits.load_split(self.path, _images(), _NAMES)
        self.path.write_text("{")
        with self.assertRaisesRegex(UserError, "is not JSON"):
            splits.load_split(self.path, _images(), _NAMES)

    def test_missing_file(self):
        with self.assertRaisesRegex(UserError, "cannot read .*split.json"):
            splits.load_split(self.path, _images(), _NAMES)


if __name__ == "__main__":
    tf.test.main()
