import numpy as np
import tensorflow as tf

from tests.tofa_tf.data.images import blobs, noise
from tofa_tf.data.records import ImageSet
from tofa_tf.data.resize import resize_all
from tofa_tf.data.views import Batches, random_resized_crops, resampling

_ALL, _SQUARE = (1.0, 1.0), (1.0, 1.0)


def _marked(count: int) -> ImageSet:
    labels = np.arange(count, dtype=np.int32)
    return ImageSet(
        np.broadcast_to(labels[:, None, None, None], (count, 4, 4, 3)).astype(np.uint8), labels
    )


class BatchesTest(tf.test.TestCase):
    def test_every_image_once_an_epoch_in_another_order(self):
        batches = Batches(_marked(50), batch=8, seed=0)
        seen = np.concatenate([batches.at(step).labels for step in range(25)])
        epochs = seen.reshape(4, 50)
        for epoch in epochs:
            self.assertAllEqual(np.sort(epoch), np.arange(50))
        self.assertNotAllEqual(epochs[0], epochs[1])

    def test_a_batch_may_be_larger_than_an_epoch(self):
        labels = Batches(_marked(5), batch=12, seed=0).at(0).labels
        self.assertAllEqual(np.sort(labels[:5]), np.arange(5))
        self.assertAllEqual(np.sort(labels[5:10]), np.arange(5))

    def test_is_a_function_of_seed_and_step(self):
        one, other = Batches(_marked(50), 8, seed=3), Batches(_marked(50), 8, seed=3)
        for step in range(20):
            one.at(step)
        for mine, theirs in zip(one.at(13), other.at(13), strict=True):
            self.assertAllEqual(mine, theirs)
        self.assertNotAllEqual(one.at(13).labels, Batches(_marked(50), 8, seed=4).at(13).labels)
        self.assertNotAllEqual(one.at(13).seed, one.at(14).seed)

    def test_images_and_labels_belong_together(self):
        batch = Batches(_marked(50), 8, seed=0).at(2)
        self.assertAllEqual(batch.images[:, 0, 0, 0], batch.labels)


class RandomResizedCropsTest(tf.test.TestCase):
    def test_whole_images_are_resized_by_the_rule_of_the_package(self):
        images = blobs(8, 64)
        for size in (24, 32, 64, 80):
            views = np.array(random_resized_crops(tf.constant(images), (1, 2), size, _ALL, _SQUARE))
            expected = resize_all(images, size).astype(np.float32)
            mirrored = expected[:, :, ::-1]
            for view, plain, mirror in zip(views, expected, mirrored, strict=True):
                error = min(np.abs(view - plain).max(), np.abs(view - mirror).max())
                # That rule rounds after each of its two passes.
                self.assertLess(error, 1.01)

    def test_half_of_the_images_are_mirrored(self):
        images = noise(400, 8)
        views = random_resized_crops(tf.constant(images), (1, 2), 8, _ALL, _SQUARE)
        as_they_are = np.all(np.abs(views - images.astype(np.float32)) < 1e-3, axis=(1, 2, 3))
        mirrored = np.all(
            np.abs(views - images[:, :, ::-1].astype(np.float32)) < 1e-3, axis=(1, 2, 3)
        )
        self.assertAllEqual(as_they_are ^ mirrored, np.ones(400, bool))
        self.assertBetween(mirrored.mean(), 0.4, 0.6)

    def test_area_ratio_and_place(self):
        # The pixels say where they are: the corners of a crop tell its rectangle.
        side, out = 64, 32
        row, column = np.mgrid[:side, :side]
        image = np.stack([row, column, np.zeros_like(row)], axis=-1).astype(np.uint8)
        images = np.broadcast_to(image, (2000, side, side, 3))
        views = np.array(
            random_resized_crops(tf.constant(images), (1, 2), out, (0.25, 1.0), (3 / 4, 4 / 3))
        )
        # Away from the border, where weights are cut off; out - 9 output pixels lie between.
        rows, columns = views[:, 4:-4, 0, 0], views[:, 0, 4:-4, 1]
        steps = out - 9
        height = (rows[:, -1] - rows[:, 0]) / steps * out / side
        width = np.abs(columns[:, -1] - columns[:, 0]) / steps * out / side
        area = height * width
        self.assertBetween(area.min(), 0.23, 0.30)
        self.assertBetween(area.max(), 0.93, 1.02)
        self.assertBetween(area.mean(), 0.58, 0.65)
        small = area < 0.7
        ratio = (width / height)[small]
        self.assertBetween(ratio.min(), 0.72, 0.78)
        self.assertBetween(ratio.max(), 1.28, 1.38)
        centre = rows[small].mean(axis=1)
        self.assertBetween(centre.mean(), 30.5, 32.5)
        self.assertGreater(centre.std(), 3.0)

    def test_is_a_function_of_the_seed(self):
        images = tf.constant(noise(4, 16))
        one, same, other = (
            random_resized_crops(images, seed, 8, (0.25, 1.0), (0.75, 1.33))
            for seed in ((1, 2), (1, 2), (1, 3))
        )
        self.assertAllEqual(one, same)
        self.assertNotAllClose(one, other)

    def test_weights_sum_to_one(self):
        weights = resampling(tf.constant([0.0, 3.7, 40.0]), tf.constant([64.0, 9.2, 24.0]), 64, 32)
        self.assertAllClose(tf.reduce_sum(weights, axis=-1), np.ones((3, 32)), rtol=1e-5)
        self.assertAllGreaterEqual(weights, 0.0)


if __name__ == "__main__":
    tf.test.main()
