import numpy as np
import tensorflow as tf
from absl.testing import parameterized

from tests.tflite_export.flatbuffers_by_hand import chain
from tflite_export.convert.quantization import dequantize, quantize
from tflite_export.runtimes.tflm import TflmRuntime


class QuantizationTest(tf.test.TestCase, parameterized.TestCase):
    def test_hand_made_values(self):
        values = np.array([0.0, 0.5, 0.25, -0.25, 0.75, 100.0, -100.0, 0.2499], np.float32)
        self.assertAllEqual(quantize(values, 0.5, 3), [3, 4, 4, 2, 5, 127, -128, 3])
        self.assertEqual(quantize(values, 0.5, 3).dtype, np.int8)

    def test_largest_float_below_a_half_is_not_rounded_up(self):
        self.assertAllEqual(quantize(np.nextafter(np.float32([0.5]), np.float32(0)), 1.0, 0), [0])

    @parameterized.parameters(0.25, 0.1, 0.0390198)
    def test_equals_the_runtimes_own_quantize_op(self, scale):
        rng = np.random.default_rng(0)
        halves = np.arange(-200, 200) * 0.25 + 0.125
        values = np.concatenate([rng.normal(0, 8, 2000), halves]).astype(np.float32)
        tflite = chain(["QUANTIZE"], width=len(values), input_type="FLOAT32", scale=scale)
        with TflmRuntime() as tflm:
            expected = tflm.run(tflite, values[np.newaxis]).outputs[0]
        self.assertAllEqual(quantize(values, scale, 3), expected)

    def test_dequantize_inverts_within_half_a_step(self):
        values = np.random.default_rng(1).uniform(-5, 5, 1000).astype(np.float32)
        back = dequantize(quantize(values, 0.05, -7), 0.05, -7)
        self.assertEqual(back.dtype, np.float32)
        self.assertAllClose(back, values, atol=0.0251, rtol=0)


if __name__ == "__main__":
    tf.test.main()
