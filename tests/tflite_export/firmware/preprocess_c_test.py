"""Generated preprocessing against that of Python, bit by bit."""

import unittest

import numpy as np
from absl.testing import absltest, parameterized

from tests.tflite_export.firmware.facts import facts_of
from tests.tflite_export.firmware.native import (
    C_COMPILER,
    UNTOUCHED,
    NativePreprocessing,
    temporary_folder,
)
from tflite_export.convert.quantization import quantize
from tflite_export.firmware.model_header import ModelFacts
from tflite_export.input_spec import InputSpec, image_spec
from tflite_export.preprocess import from_rgb565, normalise, to_tensor

RGB888, RGB565, RGB565_BIG_ENDIAN, GREY = range(4)
NULL_POINTER, IMAGE_SIZE, STRIDE, PIXEL_FORMAT = 1, 2, 3, 4

SPECS = (
    image_spec(32, 32),
    image_spec(20, 33, "bgr", mean=(103.9, 116.8, 123.7), std=(58.4, 57.1, 57.4), crop="stretch"),
    image_spec(24, 17, "grey", mean=(0.0,), std=(255.0,)),
    image_spec(1, 1, crop="stretch"),
)


def python_tensor(image: np.ndarray, facts: ModelFacts) -> np.ndarray:
    """The int8 input by the rule of Python for a uint8 image (height, width, channels)."""
    source = facts.file.inputs[0]
    return quantize(to_tensor(image, facts.spec), source.scales[0], source.zero_points[0])


def random_frame(rng: np.random.Generator, image_format: int, height: int, width: int):
    """Returns rows of bytes with something behind each row, and the image that they show."""
    pixel_bytes = {RGB888: 3, GREY: 1}.get(image_format, 2)
    stride = width * pixel_bytes + int(rng.integers(0, 9))
    rows = rng.integers(0, 256, (height, stride), np.uint8)
    pixels = rows[:, : width * pixel_bytes].reshape(height, width, pixel_bytes)
    if pixel_bytes == 2:
        order = "<u2" if image_format == RGB565 else ">u2"
        return rows, from_rgb565(np.ascontiguousarray(pixels).view(order)[..., 0])
    return rows, pixels


@unittest.skipUnless(C_COMPILER, "there is no C compiler (gcc or clang)")
class PreprocessImageTest(parameterized.TestCase):
    def _native(self, spec: InputSpec, **quantisation) -> tuple[NativePreprocessing, ModelFacts]:
        facts = facts_of(spec, **quantisation)
        return NativePreprocessing(facts, temporary_folder(self)), facts

    @parameterized.parameters(*SPECS)
    def test_equal_to_python_to_the_bit(self, spec):
        native, facts = self._native(spec, input_scale=0.0187, input_zero_point=-7)
        rng = np.random.default_rng(0)
        for number in range(250):
            height, width = np.exp(rng.uniform(0, np.log(300), 2)).astype(int).tolist()
            if number % 8 == 0:
                height, width = spec.shape[0], width if number % 16 else spec.shape[1]
            image_format = number % 4
            rows, image = random_frame(rng, image_format, height, width)
            status, tensor = native.image(image_format, rows, width, height, rows.shape[1])
            self.assertEqual(status, 0)
            np.testing.assert_array_equal(tensor, python_tensor(image, facts), f"{width}x{height}")

    def test_sides_at_the_limit(self):
        native, facts = self._native(image_spec(3, 2, crop="stretch"))
        rng = np.random.default_rng(1)
        for height, width in ((16384, 1), (1, 16384), (2, 9999)):
            rows, image = random_frame(rng, RGB888, height, width)
            status, tensor = native.image(RGB888, rows, width, height, rows.shape[1])
            self.assertEqual(status, 0)
            np.testing.assert_array_equal(tensor, python_tensor(image, facts))

    def test_white_stays_white(self):
        native, _ = self._native(image_spec(7, 5))
        for size in (1, 5, 7, 8, 13, 100, 301):
            _, tensor = native.image(GREY, np.full((size, size), 255, np.uint8), size, size, size)
            self.assertEqual(set(tensor.ravel().tolist()), {127})

    def test_bad_arguments_write_nothing(self):
        native, _ = self._native(image_spec(4, 4))
        pixels = np.zeros((8, 24), np.uint8)
        for arguments, expected in (
            ((RGB888, None, 8, 8, 24), NULL_POINTER),
            ((RGB888, pixels, 0, 8, 24), IMAGE_SIZE),
            ((RGB888, pixels, 8, 0, 24), IMAGE_SIZE),
            ((RGB888, pixels, -8, 8, 24), IMAGE_SIZE),
            ((RGB888, pixels, 8, 16385, 24), IMAGE_SIZE),
            ((RGB888, pixels, 2**31 - 1, 1, 24), IMAGE_SIZE),
            ((RGB888, pixels, 8, 8, 23), STRIDE),
            ((RGB565, pixels, 8, 8, 15), STRIDE),
            ((GREY, pixels, 8, 8, 7), STRIDE),
            ((GREY, pixels, 8, 8, -8), STRIDE),
            ((4, pixels, 8, 8, 24), PIXEL_FORMAT),
            ((-1, pixels, 8, 8, 24), PIXEL_FORMAT),
        ):
            status, tensor = native.image(*arguments)
            self.assertEqual(status, expected, arguments)
            self.assertTrue((tensor == UNTOUCHED).all())


@unittest.skipUnless(C_COMPILER, "there is no C compiler (gcc or clang)")
class PreprocessValuesTest(absltest.TestCase):
    def test_equal_to_python_to_the_bit(self):
        mean, std = (0.1, -3.0, 100.0), (0.7, 9.81, 33.3)
        facts = facts_of(InputSpec((50, 3), mean=mean, std=std), input_scale=0.021)
        native = NativePreprocessing(facts, temporary_folder(self))
        rng = np.random.default_rng(0)
        for size in (0.01, 1.0, 50.0, 1e9):
            values = (rng.normal(0, size, (50, 3)) * std + mean).astype(np.float32)
            values[0] = np.inf, -np.inf, 0.0
            status, tensor = native.values(values)
            self.assertEqual(status, 0)
            expected = quantize(normalise(values, mean, std), np.float32(0.021), 0)
            np.testing.assert_array_equal(tensor, expected)

    def test_halves_are_rounded_away_from_zero(self):
        facts = facts_of(InputSpec((6,)), input_scale=2.0, input_zero_point=5)
        native = NativePreprocessing(facts, temporary_folder(self))
        _, tensor = native.values(np.array([1, -1, 0.9999999, 3, 1e30, np.nan], np.float32))
        self.assertEqual(tensor.tolist(), [6, 4, 5, 7, 127, -128])

    def test_null(self):
        native = NativePreprocessing(facts_of(InputSpec((6,))), temporary_folder(self))
        self.assertEqual(native.values(None)[0], NULL_POINTER)


if __name__ == "__main__":
    absltest.main()
