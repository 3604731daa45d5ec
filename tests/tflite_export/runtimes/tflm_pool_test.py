import keras
import tensorflow as tf

from tests.tflite_export.models import mobile_net, random_images
from tflite_export.common.errors import ExportError
from tflite_export.convert.convert import convert_int8
from tflite_export.runtimes.litert import LitertModel
from tflite_export.runtimes.tflm import TflmRuntime
from tflite_export.runtimes.tflm_pool import TflmPool


class TflmPoolTest(tf.test.TestCase):
    def test_equals_one_runtime(self):
        tflite = convert_int8(mobile_net(keras), random_images(20))
        inputs = LitertModel(tflite).quantize(random_images(7, seed=3))
        with TflmRuntime() as one, TflmPool(3) as pool:
            for count in (1, 2, 7):
                expected, result = one.run(tflite, inputs[:count]), pool.run(tflite, inputs[:count])
                self.assertAllEqual(result.outputs, expected.outputs)
                self.assertEqual(result.arena_bytes, expected.arena_bytes)

    def test_says_what_one_runtime_says(self):
        with TflmPool(2) as pool, self.assertRaisesRegex(ExportError, "no images to run"):
            pool.run(b"", random_images(1)[:0])


if __name__ == "__main__":
    tf.test.main()
