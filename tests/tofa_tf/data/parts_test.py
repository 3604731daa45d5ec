"""Tests of dividing a data set into images to train on and to validate with."""

import numpy as np
import tensorflow as tf

from tests.tofa_tf.data.images import noise
from tofa_tf.data.parts import Parts, divide
from tofa_tf.data.records import Dataset, ImageSet, as_texts, without_classes
from tofa_tf.data.splits import Split

_NAMES = ("ant", "bee")


def _set(prefix: str, labels: list[int], groups: list[str] | None = None) -> ImageSet:
    names = as_texts([f"{prefix}{position}" for position in range(len(labels))])
    pixels = noise(len(labels), 4, seed=len(prefix) + len(labels))
    return ImageSet(pixels, np.array(labels, np.int32), names, groups and as_texts(groups))


def _dataset(count: int = 40, unlabelled: ImageSet | None = None, **more) -> Dataset:
    train = _set("train", [position % 2 for position in range(count)])
    return Dataset("set", _NAMES, train, _set("test", [0, 1]), unlabelled, **more)


def _names(parts: Parts, positions: np.ndarray) -> set[str]:
    return set(parts.training.pool.ids[positions])


class DivideTest(tf.test.TestCase):
    def assert_divided(self, parts: Parts):
        """Every image is in one part, and what is trained on is not judged by."""
        labelled, used = set(parts.training.labelled), set(parts.training.unlabelled)
        validated, aside = set(parts.validated), set(parts.set_aside)
        self.assertEqual(used | validated | aside, set(range(len(parts.training.pool))))
        self.assertEmpty(validated & aside)
        self.assertEmpty(used & (validated | aside))
        self.assertTrue(labelled <= used)

    def test_validation_images_are_not_trained_on_in_any_way(self):
        extra = without_classes(noise(6, 4), as_texts("uvwxyz"))
        parts = divide(_dataset(unlabelled=extra), 10, None, seed=0)
        self.assert_divided(parts)
        validation = parts.validation()
        self.assertAllEqual(np.bincount(validation.labels), [2, 2])
        self.assertAllEqual(
            np.bincount(parts.training.pool.labels[parts.training.labelled]), [8, 8]
        )
        self.assertLen(parts.training.unlabelled, 46 - 4)
        self.assertAllEqual(validation.images, parts.training.pool.images[parts.validated])
        self.assertEmpty(parts.no_validation)

    def test_without_validation_nothing_is_lost(self):
        parts = divide(_dataset(), 5, None, seed=0)
        self.assertIsNone(parts.validation())
        self.assertIn("too few labelled images (5)", parts.no_validation)
        self.assertAllEqual(parts.training.unlabelled, np.arange(40))
        self.assertLen(parts.training.labelled, 10)

    def test_labelled_images_alone(self):
        parts = divide(_dataset(), 10, 0.2, seed=0, labelled_only=True)
        self.assertAllEqual(parts.training.unlabelled, parts.training.labelled)
        self.assertLen(parts.training.labelled, 16)

    def test_what_shows_the_same_as_a_judged_image_is_set_aside(self):
        groups = [f"track{position // 4}" for position in range(40)]
        train = _set("train", [position // 20 for position in range(40)], groups)
        test = _set("test", [0, 1], ["other0", "other1"])
        extra = _set("more", [-1] * 3, ["other0", None, "track9"])
        parts = divide(Dataset("set", _NAMES, train, test, extra), 12, 0.2, seed=1)
        self.assert_divided(parts)
        judged = set(parts.validation().groups) | {"other0", "other1"}
        self.assertEmpty(judged & set(parts.training.pool.groups[parts.training.unlabelled]))
        self.assertIn("more0", _names(parts, parts.set_aside))
        self.assertContainsSubset({"more1"}, _names(parts, parts.training.unlabelled))
        # Unlabelled images of a validation track are neither.
        self.assertGreater(len(parts.set_aside), 1)


class SplitTest(tf.test.TestCase):
    def test_every_image_is_recorded_once(self):
        dataset = _dataset(unlabelled=without_classes(noise(3, 4), as_texts("xyz")))
        for labelled_only in (False, True):
            parts = divide(dataset, 10, None, seed=0, labelled_only=labelled_only)
            split = parts.split(dataset)
            names = [name for part in split.parts.values() for name in part]
            self.assertCountEqual(names, [*dataset.pool().ids, *dataset.test.ids])
            self.assertEqual(set(split.parts["labelled"]), _names(parts, parts.training.labelled))
            self.assertEqual(set(split.parts["validation"]), _names(parts, parts.validated))
            self.assertLen(split.parts["unlabelled"], 20 + 3)


class EarlierSplitTest(tf.test.TestCase):
    def setUp(self):
        super().setUp()
        dataset = _dataset(40)
        self.earlier = divide(dataset, 10, None, seed=0).split(dataset)

    def assert_sides_kept(self, split: Split):
        judged = {*split.parts["validation"], *split.parts["set_aside"], *split.parts["test"]}
        trained = {*split.parts["labelled"], *split.parts["unlabelled"]}
        for part in ("labelled", "unlabelled"):
            self.assertEmpty(judged & set(self.earlier.parts[part]))
        for part in ("validation", "test"):
            self.assertEmpty(trained & set(self.earlier.parts[part]))

    def test_added_images_move_no_old_one(self):
        dataset = _dataset(100)
        for labels, seed in ((10, 0), (10, 9), (30, 0), ("all", 5)):
            parts = divide(dataset, labels, None, seed, earlier=self.earlier)
            split = parts.split(dataset)
            self.assert_sides_kept(split)
            self.assertContainsSubset(self.earlier.parts["labelled"], split.parts["labelled"])
            self.assertContainsSubset(self.earlier.parts["validation"], split.parts["validation"])
        self.assertGreater(len(split.parts["validation"]), 4)

    def test_no_validation_wanted_any_more(self):
        dataset = _dataset(100)
        split = divide(dataset, 10, 0, 0, earlier=self.earlier).split(dataset)
        self.assert_sides_kept(split)
        self.assertEqual(set(split.parts["set_aside"]), set(self.earlier.parts["validation"]))


if __name__ == "__main__":
    tf.test.main()
