import keras
import numpy as np
import tensorflow as tf
from tflite_micro import runtime

from tests.tflite_export.flatbuffers_by_hand import chain
from tests.tflite_export.models import mobile_net, random_images
from tflite_export.common.console import captured_stderr
from tflite_export.common.errors import ExportError
from tflite_export.convert.convert import convert_int8
from tflite_export.graph.flatbuffer import read_tflite
from tflite_export.runtimes.tflm import TflmRuntime

layers = keras.layers


def _int8_images(count: int, image_size: int = 16) -> np.ndarray:
    rng = np.random.default_rng(2)
    return rng.integers(-128, 128, (count, image_size, image_size, 3)).astype(np.int8)


def _model_that_aborts() -> bytes:
    inputs = layers.Input((8, 8, 3))
    x = layers.Conv2D(4, 3)(inputs)
    # The sum is exactly 0: its scale is so small that a check of ADD's multipliers fails.
    x = layers.Add()([x, layers.Rescaling(-1.0)(x)])
    return convert_int8(keras.Model(inputs, layers.Flatten()(x)), random_images(4, 8))


class TflmRuntimeTest(tf.test.TestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tflite = convert_int8(mobile_net(keras), random_images(20))
        cls.tflm = TflmRuntime().__enter__()
        cls.addClassCleanup(cls.tflm.__exit__)

    def test_equals_the_runtime_in_this_process(self):
        inputs = _int8_images(6)
        interpreter = runtime.Interpreter.from_bytes(self.tflite, arena_size=1 << 20)
        expected = []
        for image in inputs:
            interpreter.set_input(image[np.newaxis], 0)
            interpreter.invoke()
            expected.append(interpreter.get_output(0)[0])
        result = self.tflm.run(self.tflite, inputs)
        self.assertAllEqual(result.outputs, expected)
        self.assertEqual(result.outputs.dtype, np.int8)
        self.assertGreater(result.seconds, 0)

    def test_arena_is_exactly_what_the_model_needs(self):
        result = self.tflm.run(self.tflite, _int8_images(1))
        self.assertEqual(result.arena_bytes, result.persistent_bytes + result.nonpersistent_bytes)
        runtime.Interpreter.from_bytes(self.tflite, arena_size=result.arena_bytes + 16)
        with captured_stderr(), self.assertRaisesRegex(RuntimeError, "failed to allocate"):
            runtime.Interpreter.from_bytes(self.tflite, arena_size=result.arena_bytes - 64)

    def test_head_holds_the_two_largest_neighbours(self):
        result = self.tflm.run(self.tflite, _int8_images(1))
        activations = [
            sum(tensor.size for tensor in (op.inputs[0], op.outputs[0]))
            for op in read_tflite(self.tflite).ops
        ]
        self.assertEqual(result.nonpersistent_bytes, max(activations))

    def test_arena_grows_until_the_model_fits(self):
        model = keras.Sequential(
            [
                layers.Input((96, 96, 3)),
                layers.Conv2D(150, 1),
                layers.AveragePooling2D(96),
                layers.Flatten(),
            ]
        )
        tflite = convert_int8(model, random_images(2, 96))
        result = self.tflm.run(tflite, _int8_images(1, 96))
        self.assertGreater(result.arena_bytes, 96 * 96 * 150)

    def test_models_do_not_disturb_each_other(self):
        inputs = _int8_images(2)
        first = self.tflm.run(self.tflite, inputs)
        self.tflm.run(chain(["RELU"]), np.zeros((1, 4), np.int8))
        again = self.tflm.run(self.tflite, inputs)
        self.assertAllEqual(first.outputs, again.outputs)
        self.assertEqual(first.arena_bytes, again.arena_bytes)

    def test_refusal_has_the_runtimes_words(self):
        with self.assertRaisesRegex(ExportError, "refuses the model: Didn't find op .*'GELU'"):
            self.tflm.run(chain(["GELU"]), np.zeros((1, 4), np.int8))

    def test_input_of_another_shape_or_type(self):
        with self.assertRaisesRegex(ExportError, "Got 12 but expected 16"):
            self.tflm.run(self.tflite, _int8_images(1, 12))
        with self.assertRaisesRegex(ExportError, "FLOAT32 but expected type INT8"):
            self.tflm.run(self.tflite, random_images(1))

    def test_no_images(self):
        with self.assertRaisesRegex(ExportError, "no images"):
            self.tflm.run(self.tflite, _int8_images(0))

    def test_survives_a_model_that_kills_the_process(self):
        expected = self.tflm.run(self.tflite, _int8_images(2)).outputs
        with self.assertRaisesRegex(ExportError, "ended while it ran the model.*SIGABRT"):
            self.tflm.run(_model_that_aborts(), _int8_images(1, 8))
        self.assertAllEqual(self.tflm.run(self.tflite, _int8_images(2)).outputs, expected)

    def test_timeout_ends_the_job_and_the_next_one_runs(self):
        with TflmRuntime(timeout_seconds=1.0) as tflm:
            with self.assertRaisesRegex(ExportError, "did not finish 100000 images within 1 s"):
                tflm.run(self.tflite, np.zeros((100000, 16, 16, 3), np.int8))
            self.assertEqual(tflm.run(self.tflite, _int8_images(3)).outputs.shape, (3, 5))


if __name__ == "__main__":
    tf.test.main()
