"""Tests of the weak and strong views and of the cutout."""

import numpy as np
import tensorflow as tf
from absl.testing import parameterized

from tests.tofa_tf.data.images import blobs, noise
from tofa_tf.data import augment, geometry


def _possible_views(image: np.ndarray, shift: int, flip: bool) -> dict[bytes, tuple]:
    """All weak views of an image, by numpy's reflect padding."""
    side = image.shape[0]
    views = {}
    for mirrored in (False, True) if flip else (False,):
        turned = image[:, ::-1] if mirrored else image
        padded = np.pad(turned, [(shift, shift), (shift, shift), (0, 0)], mode="reflect")
        for top in range(2 * shift + 1):
            for left in range(2 * shift + 1):
                view = padded[top : top + side, left : left + side]
                views[view.tobytes()] = (mirrored, top - shift, left - shift)
    return views


class WeakTest(tf.test.TestCase, parameterized.TestCase):
    @parameterized.product(side=(32, 48), flip=(True, False))
    def test_shifts_and_mirrors_with_reflected_border(self, side, flip):
        image = noise(1, side)[0]
        views = _possible_views(image, side // 8, flip)
        images = tf.repeat(image[np.newaxis], 1500, axis=0)
        drawn = [views[view.tobytes()] for view in augment.weak(images, [1, 2], flip=flip).numpy()]
        mirrored, down, right = np.array(drawn).T
        self.assertAllEqual(np.unique(down), np.arange(-side // 8, side // 8 + 1))
        self.assertAllEqual(np.unique(right), np.arange(-side // 8, side // 8 + 1))
        self.assertNear(mirrored.mean(), 0.5 if flip else 0.0, 0.05)
        self.assertLess(abs(np.corrcoef(down, right)[0, 1]), 0.1)

    def test_images_are_moved_independently(self):
        images = tf.repeat(noise(1, 32), 64, axis=0)
        self.assertGreater(len(np.unique(augment.weak(images, [3, 4]).numpy(), axis=0)), 40)


class CutoutTest(tf.test.TestCase, parameterized.TestCase):
    @parameterized.parameters(32, 64)
    def test_covers_half_the_side_in_mid_grey(self, side):
        images = np.zeros((500, side, side, 3), np.uint8)
        covered = augment.cutout(tf.constant(images), [1, 2]).numpy()
        self.assertAllEqual(np.unique(covered), [0, 127])
        rows = (covered[..., 0] == 127).any(axis=2)
        columns = (covered[..., 0] == 127).any(axis=1)
        area = rows.sum(axis=1) * columns.sum(axis=1)
        self.assertAllEqual(area, (covered[..., 0] == 127).sum(axis=(1, 2)))
        # Centres 0..side-1: the square is cut off at the border, but never below a quarter.
        self.assertAllEqual(np.unique(rows.sum(axis=1)), np.arange(side // 4, side // 2 + 1))
        self.assertAllEqual(np.unique(columns.sum(axis=1)), np.arange(side // 4, side // 2 + 1))

    def test_leaves_the_rest_alone(self):
        images = noise(16, 32)
        covered = augment.cutout(tf.constant(images), [1, 2]).numpy()
        changed = (covered != images).any(axis=-1)
        self.assertAllEqual(covered[changed], np.full((changed.sum(), 3), 127))


class StrongTest(tf.test.TestCase):
    def test_consists_of_its_three_parts(self):
        # Without the two operations a strong view is a weak one with a cutout.
        images = tf.constant(blobs(64, 32))
        strong = augment.strong(images, [1, 2]).numpy()
        grey = (strong == 127).all(axis=-1)
        self.assertAllGreaterEqual(grey.sum(axis=(1, 2)), 8 * 8)
        views = [_possible_views(image, 4, True) for image in images.numpy()]
        untouched = sum(
            any(
                np.array_equal(view[~mask], np.frombuffer(raw, np.uint8).reshape(32, 32, 3)[~mask])
                for raw in possible
            )
            for view, mask, possible in zip(strong, grey, views, strict=True)
        )
        # (15/28)^2 = 29 % of the images draw Identity twice; some other draws change nothing.
        self.assertBetween(untouched / 64, 0.15, 0.55)

    def test_grey_images_are_treated_alike_with_one_channel_and_with_three(self):
        grey = blobs(64, 32)[..., :1]
        one = augment.strong(tf.constant(grey), [1, 2]).numpy()
        three = augment.strong(tf.constant(np.repeat(grey, 3, axis=-1)), [1, 2]).numpy()
        self.assertEqual(one.shape, grey.shape)
        # KerasCV rounds when it takes the colour out of three channels.
        self.assertAllClose(one.astype(int), three[..., :1].astype(int), rtol=0, atol=1)

    def test_depends_on_the_seed_alone(self):
        images = tf.constant(noise(32, 32))
        for view in (augment.weak, augment.strong, augment.cutout):
            first = view(images, [1, 2])
            self.assertDTypeEqual(first, np.uint8)
            self.assertAllEqual(first, view(images, [1, 2]))
            self.assertAllEqual(
                first, tf.function(view, autograph=False)(images, tf.constant([1, 2]))
            )
            self.assertNotAllEqual(first, view(images, [1, 3]))
            self.assertNotAllEqual(first, view(images, [2, 2]))

    def test_unknown_batch_size(self):
        signature = [tf.TensorSpec([None, 32, 32, 3], tf.uint8), tf.TensorSpec([2], tf.int32)]
        compiled = tf.function(augment.strong, input_signature=signature, autograph=False)
        for batch in (0, 1, 7):
            images = tf.constant(noise(batch, 32))
            self.assertAllEqual(
                compiled(images, tf.constant([1, 2])), augment.strong(images, [1, 2])
            )


class TakePixelsTest(tf.test.TestCase):
    def test_equals_numpy_indexing(self):
        images = noise(3, 5)
        rng = np.random.default_rng(1)
        rows, columns = rng.integers(0, 5, (2, 3, 5, 5))
        expected = images[np.arange(3)[:, np.newaxis, np.newaxis], rows, columns]
        taken = geometry.take_pixels(
            tf.constant(images), tf.constant(rows, tf.int32), tf.constant(columns, tf.int32)
        )
        self.assertAllEqual(taken, expected)


if __name__ == "__main__":
    tf.test.main()
