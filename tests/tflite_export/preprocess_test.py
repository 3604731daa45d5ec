"""Tests of the preprocessing rule against its own description, in plain integers."""

import numpy as np
import tensorflow as tf
from absl.testing import parameterized
from PIL import Image

from tflite_export.common.errors import ExportError
from tflite_export.input_spec import InputSpec, image_spec
from tflite_export.preprocess import (
    crop_resize,
    from_rgb565,
    normalise,
    prepare,
    to_colour,
    to_tensor,
)


def _noise(height: int, width: int, channels: int = 3, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (height, width, channels), np.uint8)


def _weights(n: int, m: int) -> np.ndarray:
    """The documented weights of n input pixels for m output pixels: (m, n)."""
    reach, centre = 2 * max(n, m), (2 * np.arange(m, dtype=np.int64)[:, None] + 1) * n
    shares = np.maximum(0, reach - abs((2 * np.arange(n, dtype=np.int64) + 1) * m - centre))
    sums = shares.sum(axis=1, keepdims=True)
    return (shares * 2**23 + sums) // (2 * sums)


def _weights_in_doubles(n: int, m: int) -> np.ndarray:
    """The same as Pillow computes it."""
    ratio = n / m
    reach = max(1.0, ratio)
    centre = (np.arange(m)[:, None] + 0.5) * ratio
    pixels, factor = np.arange(n), 1.0 / reach
    inside = (pixels >= (centre - reach + 0.5).astype(int)) & (
        pixels < (centre + reach + 0.5).astype(int)
    )
    exact = np.where(inside, np.maximum(0.0, 1.0 - abs((pixels - centre + 0.5) * factor)), 0.0)
    # Added up one by one: np.sum does it in another order.
    return (0.5 + exact / np.add.accumulate(exact, axis=1)[:, -1:] * 2**22).astype(int)


def _resize_by_the_book(image: np.ndarray, height: int, width: int) -> np.ndarray:
    pixels = image.astype(np.int64)
    if pixels.shape[1] != width:
        sums = np.einsum("xj,yjc->yxc", _weights(pixels.shape[1], width), pixels)
        pixels = np.clip((2**21 + sums) >> 22, 0, 255)
    if pixels.shape[0] != height:
        sums = np.einsum("yi,ixc->yxc", _weights(pixels.shape[0], height), pixels)
        pixels = np.clip((2**21 + sums) >> 22, 0, 255)
    return pixels


class CropResizeTest(tf.test.TestCase, parameterized.TestCase):
    @parameterized.product(
        size=[
            ((8, 8), (32, 32)),
            ((96, 50), (32, 33)),
            ((33, 64), (64, 20)),
            ((240, 320), (96, 96)),
        ],
        channels=[1, 3],
    )
    def test_stretch_is_the_documented_rule_to_the_bit(self, size, channels):
        image = _noise(*size[0], channels)
        result = crop_resize(image, *size[1], "stretch")
        self.assertAllEqual(result, _resize_by_the_book(image, *size[1]))
        self.assertEqual(result.dtype, np.uint8)

    def test_doubles_round_as_integers_do(self):
        rng = np.random.default_rng(0)
        sizes = [(n, m) for n in range(1, 60) for m in range(1, 40)]
        sizes += [(n, m) for m in (96, 224) for n in (160, 240, 320, 480, 640, 1200, 1600)]
        sizes += zip(
            rng.integers(60, 2500, 60).tolist(), rng.integers(1, 60, 60).tolist(), strict=True
        )
        for n, m in sizes:
            equal = np.array_equal(_weights(n, m), _weights_in_doubles(n, m))
            self.assertTrue(equal, f"{n} to {m}")

    def test_any_sizes_to_the_bit(self):
        rng = np.random.default_rng(1)
        for _ in range(60):
            rows, columns, height, width = rng.integers(1, 70, 4)
            image = _noise(rows, columns, 1, seed=rows)
            expected = _resize_by_the_book(image, height, width)
            self.assertAllEqual(crop_resize(image, height, width, "stretch"), expected)

    @parameterized.parameters(
        # Rows and columns, target, and what is kept: top, left, height, width.
        ((30, 50), (10, 10), (0, 10, 30, 30)),
        ((50, 30), (10, 10), (10, 0, 30, 30)),
        ((30, 51), (10, 10), (0, 10, 30, 30)),
        ((30, 60), (10, 20), (0, 0, 30, 60)),
        ((30, 50), (10, 20), (2, 0, 25, 50)),
        ((30, 50), (20, 10), (0, 17, 30, 15)),
        ((7, 100), (3, 2), (0, 48, 7, 4)),
        ((1, 9), (100, 1), (0, 4, 1, 1)),
    )
    def test_centre_keeps_the_part_that_has_the_proportions(self, source, target, kept):
        image = _noise(*source)
        top, left, height, width = kept
        part = image[top : top + height, left : left + width]
        expected = _resize_by_the_book(part, *target)
        self.assertAllEqual(crop_resize(image, *target), expected)

    def test_right_size_is_left_alone(self):
        image = _noise(20, 30)
        self.assertIs(crop_resize(image, 20, 30), image)

    @parameterized.parameters(
        (np.zeros((4, 4), np.uint8), {}, "uint8 of shape"),
        (np.zeros((4, 4, 2), np.uint8), {}, r"\(4, 4, 2\); uint8 \(height, width, 1 or 3\)"),
        (np.zeros((4, 4, 3), np.float32), {}, "float32 of shape"),
        (np.zeros((4, 4, 3), np.uint8), {"crop": "top"}, "crop='top': choose one of centre, str"),
    )
    def test_refused(self, image, options, message):
        with self.assertRaisesRegex(ExportError, message):
            crop_resize(image, 2, 2, **options)


class ColourTest(tf.test.TestCase):
    def test_grey_is_that_of_pillow(self):
        image = _noise(64, 64)
        expected = np.asarray(Image.fromarray(image).convert("L"))
        self.assertAllEqual(to_colour(image, "grey")[..., 0], expected)
        # Black, white, and one rounded up: 0.114 * 255 = 29.07.
        colours = np.array([[[0, 0, 0], [255, 255, 255], [0, 0, 255]]], np.uint8)
        self.assertAllEqual(to_colour(colours, "grey")[0, :, 0], [0, 255, 29])

    def test_grey_as_colour_and_back_is_the_same(self):
        image = np.arange(256, dtype=np.uint8).reshape(16, 16, 1)
        colour = to_colour(image, "rgb")
        self.assertEqual(colour.shape, (16, 16, 3))
        self.assertAllEqual(to_colour(colour, "grey"), image)
        # An array of one number a pixel is grey too.
        self.assertAllEqual(to_colour(image[..., 0], "rgb"), colour)
        self.assertAllEqual(to_colour(image[..., 0], "grey"), image)

    def test_bgr_is_backwards(self):
        image = np.array([[[1, 2, 3]]], np.uint8)
        self.assertAllEqual(to_colour(image, "bgr"), [[[3, 2, 1]]])
        self.assertAllEqual(to_colour(image, "rgb"), image)

    def test_16_bits_fill_the_range(self):
        words = np.array([[0x0000, 0xFFFF, 0xF800, 0x07E0, 0x001F, 0x0841]], np.uint16)
        expected = [[0, 0, 0], [255, 255, 255], [255, 0, 0], [0, 255, 0], [0, 0, 255], [8, 8, 8]]
        self.assertAllEqual(from_rgb565(words)[0], expected)
        self.assertEqual(from_rgb565(words).dtype, np.uint8)

    def test_unknown(self):
        with self.assertRaisesRegex(ExportError, "colour='yuv': choose one of rgb, bgr, grey"):
            to_colour(np.zeros((1, 1, 3), np.uint8), "yuv")


class ToTensorTest(tf.test.TestCase):
    def test_values(self):
        image = np.array([[[10, 20, 30], [12, 22, 32]]], np.uint8)
        spec = image_spec(1, 1, "bgr", mean=(1, 2, 3), std=(2.0,), crop="stretch")
        # Both pixels weigh the same; blue comes first.
        self.assertAllEqual(to_tensor(image, spec), [[[15.0, 9.5, 4.0]]])
        self.assertEqual(to_tensor(image, spec).dtype, np.float32)
        self.assertAllEqual(prepare(image, spec), [[[31, 21, 11]]])

    def test_normalise_takes_anything_with_channels_last(self):
        values = np.arange(6).reshape(1, 3, 2)
        self.assertAllEqual(normalise(values, (1.0, 0.0), (2.0,))[0, 2], [1.5, 2.5])

    def test_no_image(self):
        with self.assertRaisesRegex(ExportError, r"shape \(4, 4, 2\) is not made of image files"):
            spec = InputSpec((4, 4, 2), crop="centre", resize="bilinear_antialiased")
            prepare(np.zeros((4, 4, 3), np.uint8), spec)


if __name__ == "__main__":
    tf.test.main()
