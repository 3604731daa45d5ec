"""Tests of the stream of training batches."""

import functools
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from tests.tofa_tf.data.images import noise, on_disk
from tofa_tf.data.pipeline import Batch, train_batches
from tofa_tf.data.records import UNKNOWN, ImageSet, TrainingImages

_SIZE = 50
_LABELLED = np.array([3, 11, 17, 29, 41])


def _marked_pool() -> ImageSet:
    """Uniform images whose value is their position, so that weak views can be told apart."""
    values = np.arange(_SIZE, dtype=np.uint8)
    images = np.broadcast_to(values[:, None, None, None], (_SIZE, 8, 8, 3)).copy()
    return ImageSet(images, (values % 10).astype(np.int32))


def _noise_pool() -> ImageSet:
    return ImageSet(noise(_SIZE, 16), (np.arange(_SIZE) % 10).astype(np.int32))


def _data(pool: ImageSet, labelled: Sequence[int] = _LABELLED) -> TrainingImages:
    soft_labels = (np.eye(10, dtype=np.float16)[pool.labels] + 0.25) / 3.5
    return TrainingImages(pool, np.array(labelled), np.arange(len(pool)), soft_labels)


def _run(pool: ImageSet, **changes) -> list[Batch]:
    arguments = {"labelled_batch": 4, "unlabelled_ratio": 3, "seed": 1, "total_steps": 12}
    batches = train_batches(_data(pool), **{**arguments, **changes})
    return [Batch(*map(np.array, batch)) for batch in batches]


@functools.cache
def _of_noise() -> list[Batch]:
    """The usual batches of noise: augmentations take seconds to trace."""
    return _run(_noise_pool())


@functools.cache
def _of_marked() -> list[Batch]:
    return _run(_marked_pool())


def _shifts(views: tf.Tensor, image: np.ndarray) -> np.ndarray:
    """How each weak view was made: (n, 3) of mirrored, down, right."""
    side, most, found = image.shape[1], image.shape[1] // 8, {}
    for mirrored in (0, 1):
        turned = image[0, :, ::-1] if mirrored else image[0]
        padded = np.pad(turned, [(most, most), (most, most), (0, 0)], mode="reflect")
        for top, left in np.ndindex(2 * most + 1, 2 * most + 1):
            view = padded[top : top + side, left : left + side]
            found[view.tobytes()] = (mirrored, top - most, left - most)
    return np.array([found[view.tobytes()] for view in views.numpy()])


class TrainBatchesTest(tf.test.TestCase):
    def assert_same(self, first: list[Batch], second: list[Batch]):
        self.assertEqual(len(first), len(second))
        for one, other in zip(first, second, strict=True):
            for name in Batch._fields:
                self.assertAllEqual(getattr(one, name), getattr(other, name), name)

    def test_shapes_and_types(self):
        dataset = train_batches(
            _data(_noise_pool()), labelled_batch=4, unlabelled_ratio=3, seed=1, total_steps=2
        )
        shapes = Batch((4, 16, 16, 3), (4,), (12, 16, 16, 3), (12, 16, 16, 3), (12,), (12, 10))
        types = Batch(tf.uint8, tf.int32, tf.uint8, tf.uint8, tf.int32, tf.float32)
        *specs, smaller = dataset.element_spec
        for spec, shape, dtype in zip(specs, shapes[:-1], types[:-1], strict=True):
            self.assertEqual(spec.shape, shape)
            self.assertEqual(spec.dtype, dtype)
        self.assertEmpty(smaller)
        self.assertIsInstance(dataset.element_spec, Batch)

    def test_soft_labels_are_those_of_the_unlabelled_images(self):
        pool = _marked_pool()
        for batch in _of_marked():
            drawn = batch.weak[:, 0, 0, 0]
            self.assertAllEqual(batch.soft_labels.argmax(axis=1), pool.labels[drawn])
        data = TrainingImages(pool, np.array(_LABELLED), np.arange(len(pool)))
        (batch,) = train_batches(data, labelled_batch=4, unlabelled_ratio=3, seed=1, total_steps=1)
        self.assertIsNone(batch.soft_labels)

    def test_one_channel(self):
        pool = ImageSet(_noise_pool().images[..., :1], _noise_pool().labels)
        (batch,) = _run(pool, total_steps=1)
        self.assertEqual(batch.images.shape, (4, 16, 16, 1))
        self.assertEqual(batch.weak.shape, (12, 16, 16, 1))
        self.assertEqual(batch.strong.shape, (12, 16, 16, 1))

    def test_every_epoch_shows_every_image_once_in_another_order(self):
        batches = _run(_marked_pool(), total_steps=50)
        seen = np.concatenate([batch.weak[:, 0, 0, 0] for batch in batches]).reshape(-1, _SIZE)
        for epoch in seen:
            self.assertAllEqual(np.sort(epoch), np.arange(_SIZE))
        self.assertLen(np.unique(seen, axis=0), len(seen))
        seen = np.concatenate([batch.images[:, 0, 0, 0] for batch in batches]).reshape(-1, 5)
        for epoch in seen:
            self.assertAllEqual(np.sort(epoch), _LABELLED)
        self.assertGreater(len(np.unique(seen, axis=0)), 20)

    def test_only_images_of_the_training_are_shown(self):
        unlabelled = np.array([0, 3, 11, 17, 29, 41, 48])
        data = TrainingImages(_marked_pool(), _LABELLED, unlabelled)
        batches = train_batches(data, labelled_batch=4, unlabelled_ratio=3, seed=1, total_steps=20)
        seen = np.concatenate([batch.weak[:, 0, 0, 0] for batch in batches])
        self.assertAllEqual(np.unique(seen), unlabelled)

    def test_a_frequent_class_is_seen_more_often(self):
        labelled = np.arange(0, 10)  # nine of class 0, one of class 1
        pool = ImageSet(_marked_pool().images, (np.arange(_SIZE) == 9).astype(np.int32))
        batches = train_batches(
            _data(pool, labelled), labelled_batch=5, unlabelled_ratio=0, seed=1, total_steps=20
        )
        seen = np.concatenate([batch.labels for batch in batches])
        self.assertAllEqual(np.bincount(seen), [90, 10])

    def test_labels_belong_to_their_images(self):
        for batch in _of_marked():
            self.assertAllEqual(batch.labels, batch.images[:, 0, 0, 0] % 10)

    def test_true_labels_are_of_images_without_labels_alone(self):
        for batch in _of_marked():
            marks = batch.weak[:, 0, 0, 0].astype(int)
            expected = np.where(np.isin(marks, _LABELLED), UNKNOWN, marks % 10)
            self.assertAllEqual(batch.true_labels, expected)

    def test_unlabelled_images_without_class_are_marked(self):
        pool = _marked_pool()
        labels = np.where(np.arange(_SIZE) < 45, pool.labels, UNKNOWN)
        for batch in _run(ImageSet(pool.images, labels)):
            marks = batch.weak[:, 0, 0, 0].astype(int)
            known = (marks < 45) & ~np.isin(marks, _LABELLED)
            self.assertAllEqual(batch.true_labels == UNKNOWN, ~known)
            self.assertAllGreaterEqual(batch.labels, 0)

    def test_same_seed_same_batches(self):
        first = _of_noise()
        self.assert_same(first, _run(_noise_pool()))
        other = _run(_noise_pool(), seed=2)
        self.assertNotAllEqual(first[0].images, other[0].images)
        self.assertNotAllEqual(first[0].strong, other[0].strong)

    def test_parallel_equals_sequential(self):
        options = tf.data.Options()
        options.threading.private_threadpool_size = 1
        options.threading.max_intra_op_parallelism = 1
        dataset = train_batches(
            _data(_noise_pool()), labelled_batch=4, unlabelled_ratio=3, seed=1, total_steps=12
        )
        sequential = [Batch(*map(np.array, batch)) for batch in dataset.with_options(options)]
        self.assert_same(_of_noise(), sequential)

    def test_resumed_equals_uninterrupted(self):
        whole = _of_noise()
        for start in (5, 12):  # within an epoch of either stream, and at the very end
            self.assert_same(whole[start:], _run(_noise_pool(), start_step=start))

    def test_steps_and_views_differ(self):
        one = ImageSet(noise(1, 16), np.zeros(1, np.int32))
        first, second = train_batches(
            _data(one, [0]), labelled_batch=16, unlabelled_ratio=1, seed=0, total_steps=2
        )
        self.assertNotAllEqual(first.weak, second.weak)
        self.assertNotAllEqual(first.images, first.weak)
        self.assertNotAllEqual(first.weak, first.strong)

    def test_without_unlabelled_images(self):
        with_them, without = _of_noise(), _run(_noise_pool(), unlabelled_ratio=0)
        for one, other in zip(with_them, without, strict=True):
            self.assertAllEqual(one.images, other.images)
            self.assertAllEqual(one.labels, other.labels)
            self.assertEqual(other.weak.shape, (0, 16, 16, 3))
            self.assertEqual(other.strong.shape, (0, 16, 16, 3))
            self.assertEqual(other.true_labels.shape, (0,))

    def test_mirrors_only_when_asked(self):
        ramp = np.broadcast_to(np.arange(16, dtype=np.uint8)[:, None], (1, 16, 16, 3))
        pool = ImageSet(ramp, np.zeros(1, np.int32))
        for flip in (True, False):
            (batch,) = train_batches(
                _data(pool, [0]),
                labelled_batch=64,
                unlabelled_ratio=0,
                seed=0,
                total_steps=1,
                flip=flip,
            )
            rising = batch.images[:, 8, 9, 0] > batch.images[:, 8, 8, 0]
            self.assertEqual(bool(np.all(rising)), not flip)

    def test_every_resolution_has_its_own_images_augmented_alike(self):
        large = noise(1, 16)
        small = large.reshape(1, 8, 2, 8, 2, 3)[:, :, 0, :, 0]
        pool = ImageSet(large, np.zeros(1, np.int32), smaller=(small,))
        arguments = {"labelled_batch": 64, "unlabelled_ratio": 1, "seed": 0, "total_steps": 1}
        (batch,) = train_batches(_data(pool, [0]), **arguments)
        seen_large, seen_small = (
            _shifts(view.images, each)
            for view, each in zip(batch.views, (large, small), strict=True)
        )
        self.assertAllEqual(seen_large[:, 0], seen_small[:, 0])
        # Shifts of up to 2 pixels and 1: the same share of the side, to the pixel.
        self.assertAllLessEqual(np.abs(seen_large[:, 1:] - 2 * seen_small[:, 1:]), 1)
        with self.assertRaisesRegex(ValueError, "no images of 12 pixels, only of 16, 8"):
            train_batches(_data(pool, [0]), **arguments, resolutions=(16, 12))

    def test_images_on_disk_give_the_same_batches(self):
        pool = _noise_pool()
        disk = ImageSet(on_disk(pool.images), pool.labels)
        self.assert_same(_run(disk), _of_noise())

    def test_images_are_not_copied_into_the_graph(self):
        pool = ImageSet(noise(4000, 16), np.zeros(4000, np.int32))
        dataset = train_batches(
            _data(pool, [0, 1]), labelled_batch=2, unlabelled_ratio=1, seed=0, total_steps=1
        )
        function = dataset._input_dataset._map_func.function
        constants = [op for op in function.graph.get_operations() if op.type == "Const"]
        largest = max(op.outputs[0].shape.num_elements() or 0 for op in constants)
        self.assertLess(largest, 10_000)


if __name__ == "__main__":
    tf.test.main()
