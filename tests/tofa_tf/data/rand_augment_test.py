"""Tests of RandAugment: every operation against PIL, and what is drawn."""

import numpy as np
import tensorflow as tf
from absl.testing import parameterized
from PIL import Image, ImageEnhance, ImageOps

from tests.tofa_tf.data.images import blobs, noise
from tofa_tf.data import rand_augment
from tofa_tf.data.rand_augment import OPS

_AFFINE = Image.Transform.AFFINE

# What FixMatch's authors call, as a function of image and magnitude.
_PIL = {
    "Identity": lambda image, _: image,
    "AutoContrast": lambda image, _: ImageOps.autocontrast(image),
    "Equalize": lambda image, _: ImageOps.equalize(image),
    "Rotate": lambda image, degrees: image.rotate(degrees),
    "Solarize": lambda image, threshold: ImageOps.solarize(image, threshold),
    "Color": lambda image, factor: ImageEnhance.Color(image).enhance(factor),
    "Contrast": lambda image, factor: ImageEnhance.Contrast(image).enhance(factor),
    "Brightness": lambda image, factor: ImageEnhance.Brightness(image).enhance(factor),
    "Sharpness": lambda image, factor: ImageEnhance.Sharpness(image).enhance(factor),
    "ShearX": lambda image, m: image.transform(image.size, _AFFINE, (1, m, 0, 0, 1, 0)),
    "ShearY": lambda image, m: image.transform(image.size, _AFFINE, (1, 0, 0, m, 1, 0)),
    "TranslateX": lambda image, m: image.transform(
        image.size, _AFFINE, (1, 0, -round(m * image.width), 0, 1, 0)
    ),
    "TranslateY": lambda image, m: image.transform(
        image.size, _AFFINE, (1, 0, 0, 0, 1, -round(m * image.height))
    ),
    "Posterize": lambda image, bits: ImageOps.posterize(image, int(bits)),
}

# Largest difference of a value. PIL rounds intermediate images, KerasCV does not.
_TOLERANCE = {"AutoContrast": 1, "Color": 1, "Sharpness": 1}

# Pixels that lie exactly between two others fall to either side: share of them at most, at the
# worst magnitude.
_TIES = {"Rotate": 0.002, "ShearX": 0.05, "ShearY": 0.05}

# The magnitude at which an operation changes nothing.
_NEUTRAL = {
    "Rotate": 0,
    "Solarize": 256,
    "Color": 1,
    "Contrast": 1,
    "Brightness": 1,
    "Sharpness": 1,
    "ShearX": 0,
    "ShearY": 0,
    "TranslateX": 0,
    "TranslateY": 0,
    "Posterize": 8,
}


def _magnitudes(op: rand_augment.Distortion) -> np.ndarray:
    negated = -op.magnitudes if op.signed else op.magnitudes[:0]
    return np.unique(np.concatenate([op.magnitudes, negated]))


def _apply(op: rand_augment.Distortion, images: np.ndarray, magnitudes: np.ndarray) -> np.ndarray:
    return op.apply(tf.constant(images), tf.constant(magnitudes, tf.float32)).numpy()


def _expected(
    op: rand_augment.Distortion, images: np.ndarray, magnitudes: np.ndarray
) -> np.ndarray:
    pairs = zip(images, magnitudes.tolist(), strict=True)
    return np.stack([np.asarray(_PIL[op.name](_image(i), m)) for i, m in pairs]).reshape(
        images.shape
    )


def _image(pixels: np.ndarray) -> Image.Image:
    return Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)


class OpsAgainstPilTest(tf.test.TestCase, parameterized.TestCase):
    @parameterized.product(op=OPS, side=(32, 64), channels=(3, 1))
    def test_equals_pil_at_every_level(self, op, side, channels):
        levels = _magnitudes(op)
        for make in (noise, blobs):
            images = np.repeat(make(6, side)[..., :channels], len(levels), axis=0)
            magnitudes = np.tile(levels, 6)
            error = np.abs(
                _apply(op, images, magnitudes).astype(int)
                - _expected(op, images, magnitudes).astype(int)
            ).max(axis=-1)
            wrong = (error > _TOLERANCE.get(op.name, 0)).mean(axis=(1, 2))
            self.assertLessEqual(wrong.max(), _TIES.get(op.name, 0))
            self.assertLess(np.median(wrong), 1e-3)

    @parameterized.parameters(32, 64)
    def test_neutral_magnitude_changes_nothing(self, side):
        images = np.concatenate([noise(4, side), blobs(4, side)])
        for op in OPS:
            if op.name in _NEUTRAL:
                same = _apply(op, images, np.full(8, _NEUTRAL[op.name]))
                self.assertAllEqual(same, images, op.name)

    def test_uniform_images_do_not_confuse_statistics(self):
        images = np.full((3, 32, 32, 3), [[[[0]]], [[[128]]], [[[255]]]], np.uint8)
        for op in OPS:
            magnitudes = np.full(3, op.magnitudes[4])
            self.assertAllEqual(
                _apply(op, images, magnitudes), _expected(op, images, magnitudes), op.name
            )

    def test_no_images(self):
        for channels in (3, 1):
            nothing = noise(0, 32)[..., :channels]
            for op in OPS:
                self.assertEqual(_apply(op, nothing, np.zeros(0)).shape, nothing.shape, op.name)


class RangesTest(tf.test.TestCase):
    """The ranges of FixMatch's authors: facts of their code, typed in by hand."""

    def test_ranges(self):
        first_and_last = {
            "Identity": (0, 0),
            "AutoContrast": (0, 0),
            "Equalize": (0, 0),
            "Rotate": (3, 27),
            "Solarize": (231, 26),
            "Color": (0.28, 1.72),
            "Contrast": (0.28, 1.72),
            "Brightness": (0.28, 1.72),
            "Sharpness": (0.28, 1.72),
            "ShearX": (0.03, 0.27),
            "ShearY": (0.03, 0.27),
            "TranslateX": (1 / 32, 9 / 32),
            "TranslateY": (1 / 32, 9 / 32),
            "Posterize": (4, 1),
        }
        self.assertEqual([op.name for op in OPS], list(first_and_last))
        for op in OPS:
            self.assertLen(op.magnitudes, 9)
            self.assertAllClose(op.magnitudes[[0, -1]], first_and_last[op.name], msg=op.name)
        self.assertAllEqual(OPS[-1].magnitudes, [4, 4, 3, 3, 2, 2, 2, 1, 1])
        signed = [op.name for op in OPS if op.signed]
        self.assertEqual(signed, ["Rotate", "ShearX", "ShearY", "TranslateX", "TranslateY"])


class DrawTest(tf.test.TestCase):
    def test_operations_are_equally_likely_and_half_are_left_out(self):
        op, _ = rand_augment.draw(28_000, [1, 2])
        share = np.bincount(op, minlength=len(OPS)) / 28_000
        # 1/14 are drawn as Identity, half of the other 13/14 become it.
        self.assertAllClose(share[0], 1 / 14 + 13 / 28, atol=0.015)
        self.assertAllClose(share[1:], np.full(13, 1 / 28), atol=0.006)

    def test_magnitudes_are_those_of_the_operation(self):
        ops, magnitudes = (each.numpy() for each in rand_augment.draw(28_000, [3, 4]))
        for position, op in enumerate(OPS[1:], start=1):
            drawn = np.unique(magnitudes[ops == position])
            self.assertAllClose(drawn, _magnitudes(op), msg=op.name)

    def test_images_of_a_batch_get_their_own_operations(self):
        images = np.repeat(blobs(1, 32), 64, axis=0)
        augmented = rand_augment.rand_augment(tf.constant(images), [5, 6]).numpy()
        self.assertGreater(len(np.unique(augmented, axis=0)), 30)

    def test_each_image_gets_the_operation_drawn_for_it(self):
        images = blobs(len(OPS), 32)
        order = np.random.default_rng(0).permutation(len(OPS))
        magnitudes = np.array([OPS[position].magnitudes[6] for position in order], np.float32)
        mixed = rand_augment.apply_ops(
            tf.constant(images), tf.constant(order, tf.int32), tf.constant(magnitudes)
        )
        for row, position in enumerate(order):
            alone = _apply(OPS[position], images[row : row + 1], magnitudes[row : row + 1])
            self.assertAllEqual(mixed[row], alone[0], OPS[position].name)

    def test_depends_on_the_seed_alone(self):
        images = tf.constant(noise(32, 32))
        compiled = tf.function(rand_augment.rand_augment, autograph=False)
        first = rand_augment.rand_augment(images, [7, 8])
        self.assertAllEqual(first, rand_augment.rand_augment(images, [7, 8]))
        self.assertAllEqual(first, compiled(images, tf.constant([7, 8])))
        self.assertNotAllEqual(first, rand_augment.rand_augment(images, [7, 9]))


if __name__ == "__main__":
    tf.test.main()
