import keras
import numpy as np
import tensorflow as tf

from tests.tflite_export.models import mobile_net, random_images
from tflite_export.common.errors import ExportError
from tflite_export.convert.convert import convert_int8
from tflite_export.runtimes.litert import LitertModel


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
        # A build of its own of the same kernels.
        interpreter = tf.lite.Interpreter(model_content=self.tflite, num_threads=1)
        interpreter.allocate_tensors()
        source, target = (
            details[0]["index"]
            for details in (interpreter.get_input_details(), interpreter.get_output_details())
        )
        expected = []
        for image in inputs:
            interpreter.set_tensor(source, image[np.newaxis])
            interpreter.invoke()
            expected.append(interpreter.get_tensor(target)[0])
        self.assertAllEqual(result.outputs, expected)
        scale, zero_point = interpreter.get_output_details()[0]["quantization"]
        self.assertAllClose(
            result.values, (np.array(expected, float) - zero_point) * scale, rtol=1e-6
        )

    def test_threads_that_no_machine_has(self):
        for threads in (0, 99_999_999_999):
            with self.assertRaisesRegex(ExportError, f"^threads={threads}: 1 to 1024 are possible"):
                LitertModel(self.tflite, threads)

    def test_threads_do_not_change_outputs(self):
        inputs = LitertModel(self.tflite).quantize(random_images(5, seed=3))
        one, two = (LitertModel(self.tflite, threads).run(inputs) for threads in (1, 2))
        self.assertAllEqual(one.outputs, two.outputs)

    def test_refuses_a_damaged_file(self):
        with self.assertRaisesRegex(ExportError, "LiteRT refuses the model"):
            LitertModel(self.tflite[:1000])


if __name__ == "__main__":
    tf.test.main()
