import keras
import numpy as np
import tensorflow as tf
from absl.testing import parameterized

from tflite_export.common.errors import ExportError
from tflite_export.convert.normalization import (
    Normalization,
    default_normalization,
    parse_normalization,
)

layers = keras.layers
_CENTRED = Normalization((128.0,), (128.0,))
_AS_THEY_ARE = Normalization((0.0,), (1.0,))


class NormalizationTest(tf.test.TestCase):
    def test_values(self):
        pixels = np.array([[[[0, 128, 255]]]], np.uint8)
        one, each = Normalization((128.0,), (128.0,)), Normalization((0, 1, 2), (1, 2, 3))
        self.assertAllClose(one(pixels), [[[[-1, 0, 127 / 128]]]])
        self.assertAllClose(each(pixels), [[[[0, 63.5, 253 / 3]]]])
        self.assertEqual(one(pixels).dtype, np.float32)

    def test_wrong_number_of_values(self):
        with self.assertRaisesRegex(ExportError, "--std has 2 values"):
            Normalization((0.0,), (1.0, 2.0))(np.zeros((1, 2, 2, 3)))

    def test_for_reading(self):
        self.assertEqual(str(Normalization((123.5, 1.0), (58.0,))), "(pixel - [123.5, 1]) / [58]")


class FlagsTest(tf.test.TestCase, parameterized.TestCase):
    def test_values(self):
        self.assertIsNone(parse_normalization(None, None))
        expected = Normalization((120.0, 128.0, 130.5), (64.0,))
        self.assertEqual(parse_normalization(["120", "128", "130.5"], ["64"]), expected)

    @parameterized.parameters(
        (["1"], None, "go together"),
        (None, ["1"], "go together"),
        (["1"], ["0"], "--std=0: every value must be above 0"),
        (["x"], ["1"], "are numbers, separated by commas"),
    )
    def test_bad_values(self, mean, std, message):
        with self.assertRaisesRegex(ExportError, message):
            parse_normalization(mean, std)


class DefaultTest(tf.test.TestCase, parameterized.TestCase):
    @parameterized.parameters(
        (None, np.uint8, _CENTRED),
        (None, np.float32, _AS_THEY_ARE),
        ("rescaling", np.uint8, _AS_THEY_ARE),
    )
    def test_depends_on_model_and_pixels(self, first, dtype, expected):
        inputs = layers.Input((8, 8, 3))
        x = layers.Rescaling(1 / 255)(inputs) if first else inputs
        model = keras.Model(inputs, layers.Conv2D(2, 3)(x))
        self.assertEqual(default_normalization(model, np.zeros((1, 8, 8, 3), dtype)), expected)


if __name__ == "__main__":
    tf.test.main()
