import keras
import numpy as np
import tensorflow as tf

from tests.tflite_export.models import mobile_net, random_images
from tflite_export.convert import convert_int8
from tflite_export.errors import ExportError
from tflite_export.litert import LitertModel


class LitertModelTest(tf.test.TestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tflite = convert_int8(mobile_net(keras), random_images(20))

    def test_equals_tensorflows_interpreter(self):
        images = random_images(5, seed=3)
        litert = LitertModel(self.tflite)
        inputs = litert.quantize(images)
        result = litert.run(inputs)
        interpreter = tf.lite.Interpreter(model_content=self.tflite, num_threads=1)
        runner = interpreter.get_signature_runner()
        expected = np.concatenate([runner(image=image[np.newaxis])["output_0"] for image in inputs])
        self.assertAllEqual(result.outputs, expected)
        scale, zero_point = interpreter.get_output_details()[0]["quantization"]
        self.assertAllClose(result.logits, (expected.astype(float) - zero_point) * scale, rtol=1e-6)

    def test_threads_do_not_change_outputs(self):
        inputs = LitertModel(self.tflite).quantize(random_images(5, seed=3))
        one, two = (LitertModel(self.tflite, threads).run(inputs) for threads in (1, 2))
        self.assertAllEqual(one.outputs, two.outputs)

    def test_refuses_a_damaged_file(self):
        with self.assertRaisesRegex(ExportError, "LiteRT refuses the model"):
            LitertModel(self.tflite[:1000])


if __name__ == "__main__":
    tf.test.main()
