"""Tests of holding images out by class, whole groups at a time."""

import numpy as np
import tensorflow as tf
from absl.testing import parameterized

from tofa_tf.data.hold_out import CannotHoldOutError, hold_out
from tofa_tf.data.labels import shuffled_classes
from tofa_tf.data.records import as_texts

_LABELS = np.array([0] * 7 + [1] * 12 + [2] * 5, np.int32)


def _tracks(*sizes: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Labels and groups of tracks given as (class, images)."""
    labels = np.concatenate([[label] * count for label, count in sizes])
    names = [f"track{number}" for number, (_, count) in enumerate(sizes) for _ in range(count)]
    return labels.astype(np.int32), as_texts(names)


class SingleImagesTest(tf.test.TestCase):
    def test_share_of_each_class(self):
        held = hold_out(_LABELS, 0.25, 3, seed=0)
        self.assertAllEqual(np.bincount(_LABELS[held]), [2, 3, 1])

    def test_they_are_the_first_of_each_class_in_its_order(self):
        expected = np.concatenate(
            [
                members[:count]
                for members, count in zip(shuffled_classes(_LABELS, 3, 5), (2, 3, 1), strict=True)
            ]
        )
        self.assertAllEqual(np.flatnonzero(hold_out(_LABELS, 0.25, 3, seed=5)), np.sort(expected))

    def test_either_side_has_every_class(self):
        for fraction in (0.01, 0.99):
            held = hold_out(_LABELS, fraction, 3, seed=0)
            for side in (held, ~held):
                self.assertAllGreaterEqual(np.bincount(_LABELS[side], minlength=3), 1)

    def test_depends_on_the_seed_alone(self):
        first, again, other = (hold_out(_LABELS, 0.3, 3, seed) for seed in (0, 0, 1))
        self.assertAllEqual(first, again)
        self.assertNotAllEqual(first, other)

    def test_a_single_image_cannot_be_held_out(self):
        with self.assertRaises(CannotHoldOutError) as caught:
            hold_out(np.array([0, 0, 1]), 0.2, 2, 0)
        self.assertEqual((caught.exception.label, caught.exception.images), (1, 1))

    def test_enough_is_kept(self):
        held = hold_out(_LABELS, 0.9, 3, seed=0, least_kept=4)
        self.assertAllEqual(np.bincount(_LABELS[~held]), [4, 4, 4])
        with self.assertRaises(CannotHoldOutError):
            hold_out(_LABELS, 0.2, 3, seed=0, least_kept=5)

    def test_earlier_decisions_stand_and_new_images_fill_the_share(self):
        held = hold_out(_LABELS, 0.25, 3, seed=0)
        labels = np.concatenate([_LABELS, np.repeat([0, 1, 2], 10)]).astype(np.int32)
        new = np.zeros(30, bool)
        before = {
            "held_before": np.concatenate([held, new]),
            "kept_before": np.concatenate([~held, new]),
        }
        for seed in range(5):
            again = hold_out(labels, 0.25, 3, seed, **before)
            self.assertAllEqual(again[: len(_LABELS)], held)
            self.assertAllEqual(np.bincount(labels[again]), [4, 6, 4])  # of 17, 22, 15


class GroupsTest(tf.test.TestCase, parameterized.TestCase):
    def assert_whole(self, held: np.ndarray, groups: np.ndarray):
        self.assertEmpty(set(groups[held]) & set(groups[~held]))

    @parameterized.parameters(range(5))
    def test_groups_stay_whole_and_shares_are_nearly_met(self, seed):
        rng = np.random.default_rng(seed)
        labels, groups = _tracks(
            *((label, rng.integers(1, 9)) for label in range(4) for _ in "x" * 20)
        )
        held = hold_out(labels, 0.2, 4, seed, groups=groups)
        self.assert_whole(held, groups)
        share = np.bincount(labels[held], minlength=4) / np.bincount(labels)
        self.assertAllClose(share, [0.2] * 4, atol=0.06)

    def test_groups_across_classes(self):
        # 12 persons who each show all three classes, as with hand signs.
        labels = np.tile([0, 1, 2], 12).astype(np.int32)
        groups = as_texts([f"person{number}" for number in range(12) for _ in range(3)])
        held = hold_out(labels, 0.25, 3, 0, groups=groups)
        self.assert_whole(held, groups)
        self.assertAllEqual(np.bincount(labels[held]), [3, 3, 3])

    def test_two_tracks_of_one_class_are_divided(self):
        labels, groups = _tracks((0, 10), (0, 30), (1, 3), (1, 4), (1, 5))
        held = hold_out(labels, 0.1, 2, 0, groups=groups)
        self.assertAllEqual(np.flatnonzero(held & (labels == 0)), np.arange(10))

    def test_class_of_one_track(self):
        labels, groups = _tracks((0, 10), (1, 3), (1, 4))
        with self.assertRaisesRegex(CannotHoldOutError, "^10 of 1 groups$"):
            hold_out(labels, 0.2, 2, 0, groups=groups)

    def test_image_without_a_group_is_one_of_its_own(self):
        labels, groups = np.zeros(20, np.int32), as_texts([None] * 20)
        self.assertEqual(hold_out(labels, 0.25, 1, 0, groups=groups).sum(), 5)

    def test_new_images_follow_their_group(self):
        labels, groups = _tracks(*[(0, 4)] * 10)
        old = np.arange(40) % 4 < 2  # half of every track was there before
        held = hold_out(labels[old], 0.3, 1, 0, groups=groups[old])
        before = {side: np.zeros(40, bool) for side in ("held_before", "kept_before")}
        before["held_before"][np.flatnonzero(old)[held]] = True
        before["kept_before"][np.flatnonzero(old)[~held]] = True
        again = hold_out(labels, 0.3, 1, 7, groups=groups, **before)
        self.assert_whole(again, groups)
        self.assertAllEqual(again[old], held)


if __name__ == "__main__":
    tf.test.main()
