import functools
import hashlib
import os
import pathlib
import subprocess
import sys

import keras
import numpy as np
import tensorflow as tf
import tf_keras
from absl.testing import parameterized

from tests.tflite_export.models import mobile_net, random_images
from tflite_export.common.console import captured_stderr
from tflite_export.common.errors import ExportError
from tflite_export.convert.convert import convert_int8
from tflite_export.graph.flatbuffer import read_tflite
from tflite_export.runtimes.litert import LitertModel

layers = keras.layers

_CONVERT_ELSEWHERE = """
import hashlib, sys, keras
from tests.tflite_export.models import random_images
from tflite_export.convert.convert import convert_int8
model = keras.models.load_model(sys.argv[1])
print(hashlib.sha256(convert_int8(model, random_images(20))).hexdigest())
"""


@functools.cache
def _model() -> keras.Model:
    return mobile_net(keras)


@functools.cache
def _tflite() -> bytes:
    return convert_int8(_model(), random_images(20))


class ConvertTest(tf.test.TestCase, parameterized.TestCase):
    @parameterized.named_parameters(
        ("keras_relu6", keras, False),
        ("keras_mobile_v3", keras, True),
        ("tf_keras_relu6", tf_keras, False),
        ("tf_keras_mobile_v3", tf_keras, True),
    )
    def test_outputs_follow_the_float_model(self, namespace, mobile_v3):
        model = mobile_net(namespace, mobile_v3=mobile_v3)
        images = random_images(64, seed=5)
        tflite = convert_int8(model, random_images(50))
        litert = LitertModel(tflite)
        logits = litert.run(litert.quantize(images)).values
        expected = np.asarray(model(images, training=False))
        # int8 noise grows with depth: a hundredth is one step of the output.
        self.assertGreater(np.corrcoef(logits.ravel(), expected.ravel())[0, 1], 0.97)
        self.assertLess(np.abs(logits - expected).mean(), 0.15 * expected.std())

    def test_everything_is_integer_and_batch_is_one(self):
        file = read_tflite(_tflite())
        self.assertEqual({tensor.dtype for tensor in file.tensors}, {"int8", "int32"})
        self.assertEqual(file.inputs[0].shape, (1, 16, 16, 3))
        self.assertEqual(file.outputs[0].shape, (1, 5))
        # Fused, and without what a dynamic batch size would leave behind.
        self.assertNoCommonElements(file.op_counts, ("SHAPE", "STRIDED_SLICE", "PACK", "RELU6"))

    def test_same_model_and_images_give_the_same_bytes_in_any_process(self):
        self.assertEqual(_tflite(), convert_int8(_model(), random_images(20)))
        path = os.path.join(self.get_temp_dir(), "model.keras")
        _model().save(path)
        elsewhere = subprocess.run(
            [sys.executable, "-c", _CONVERT_ELSEWHERE, path],
            cwd=pathlib.Path(__file__).parents[3],
            capture_output=True,
            text=True,
            check=True,
        )
        self.assertEqual(elsewhere.stdout.split()[-1], hashlib.sha256(_tflite()).hexdigest())

    def test_other_images_give_other_ranges(self):
        narrow = convert_int8(_model(), random_images(20) * np.float32(0.1))
        scales = [read_tflite(tflite).inputs[0].scales[0] for tflite in (narrow, _tflite())]
        self.assertAllClose(scales[0], scales[1] * 0.1, rtol=1e-5)

    def test_console_stays_silent(self):
        model = _model()
        with captured_stderr() as written:
            convert_int8(model, random_images(4))
            sys.stderr.flush()
            written.seek(0)
            self.assertEqual(written.read(), b"")


class RefusalTest(tf.test.TestCase):
    def test_op_that_stays_float_names_its_layer(self):
        inputs = layers.Input((8, 8, 3))
        x = layers.Flatten()(layers.LayerNormalization(name="my_norm")(inputs))
        with self.assertRaisesRegex(ExportError, "not a full-integer model.*my_norm"):
            convert_int8(keras.Model(inputs, layers.Dense(2)(x)), random_images(4, 8))

    def test_op_that_tflite_lacks(self):
        inputs = layers.Input((8, 8, 3))
        x = layers.Flatten()(keras.ops.erf(inputs))
        with self.assertRaisesRegex(ExportError, "no op for TensorFlow's Erf"):
            convert_int8(keras.Model(inputs, layers.Dense(2)(x)), random_images(4, 8))


if __name__ == "__main__":
    tf.test.main()
