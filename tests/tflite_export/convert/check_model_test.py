from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
import tf_keras
from absl.testing import parameterized

from tests.tflite_export.models import random_images
from tflite_export.common.errors import ExportError
from tflite_export.convert.check_model import check_finite, check_inputs, input_shape
from tflite_export.convert.convert import convert_int8

layers = keras.layers


def _dense(shape: tuple[int | None, ...], namespace=keras, **options) -> keras.Model:
    inputs = namespace.layers.Input(shape)
    return namespace.Model(inputs, namespace.layers.Dense(2, **options)(inputs))


class InputShapeTest(tf.test.TestCase, parameterized.TestCase):
    @parameterized.product(namespace=[keras, tf_keras], shape=[(8, 8, 3), (16, 3), (10,)])
    def test_images_windows_and_vectors(self, namespace, shape):
        self.assertEqual(input_shape(_dense(shape, namespace)), shape)

    @parameterized.parameters(
        ((None, None, 3), r"no fixed size.*keras\.Input.*\(height, width, channels\).*set_weights"),
        ((None, 3), r"no fixed size.*\(steps, sensors\)"),
        ((2, 8, 8, 3), r"input is \(None, 2, 8, 8, 3\); \(samples,\), \(steps, sensors\), \(heig"),
    )
    def test_shapes_that_cannot_be(self, shape, message):
        with self.assertRaisesRegex(ExportError, message):
            input_shape(_dense(shape))

    @parameterized.parameters(keras, tf_keras)
    def test_several_inputs_and_outputs(self, namespace):
        left, right = (namespace.layers.Input((4,), name=name) for name in ("left", "right"))
        model = namespace.Model([left, right], namespace.layers.Add()([left, right]))
        with self.assertRaisesRegex(ExportError, r"2 inputs \(left, right\); a model of one input"):
            input_shape(model)
        both = [namespace.layers.Dense(2, name=name)(left) for name in ("age", "mood")]
        model = namespace.Model(left, both)
        with self.assertRaisesRegex(ExportError, r"the model has 2 outputs \(age, mood\)"):
            input_shape(model)

    def test_model_without_known_input(self):
        model = keras.Sequential([layers.Conv2D(4, 3), layers.Flatten()])
        with self.assertRaisesRegex(ExportError, "no known input shape"):
            input_shape(model)

    def test_path_instead_of_a_model(self):
        with self.assertRaisesRegex(ExportError, "model is the path 'some.keras': give the model"):
            input_shape(Path("some.keras"))

    def test_tokens(self):
        tokens = layers.Input((6,), dtype="int32")
        model = keras.Model(tokens, layers.Embedding(9, 4)(tokens))
        with self.assertRaisesRegex(ExportError, "input is int32: only float32"):
            input_shape(model)

    def test_output_without_fixed_size(self):
        inputs = layers.Input((8, 8, 3))
        resized = layers.Resizing(4, 4)(inputs)
        model = keras.Model(inputs, keras.ops.reshape(resized, (-1, 3)))
        # The batch is what varies there.
        self.assertEqual(input_shape(model), (8, 8, 3))


class ComputesTest(tf.test.TestCase, parameterized.TestCase):
    @parameterized.parameters(
        (keras, "mixed_float16", "float16"),
        (keras, "float16", "float16"),
        (keras, "bfloat16", "bfloat16"),
        (tf_keras, "float64", "float64"),
    )
    def test_other_types_are_refused_by_layer(self, namespace, policy, dtype):
        model = _dense((4,), namespace, name="mine", dtype=policy)
        message = f"layer 'mine' computes in {dtype}: build the same layers with dtype float32"
        with self.assertRaisesRegex(ExportError, message):
            convert_int8(model, np.zeros((2, 4), np.float32))

    def test_layers_of_a_model_within(self):
        inputs = layers.Input((4,))
        inner = _dense((4,), name="inner_dense", dtype="mixed_float16")
        with self.assertRaisesRegex(ExportError, "layer 'inner_dense' computes in float16"):
            convert_int8(keras.Model(inputs, inner(inputs)), np.zeros((2, 4), np.float32))

    @parameterized.parameters(keras, tf_keras)
    def test_weights_that_are_no_numbers(self, namespace):
        model = _dense((4,), namespace, name="mine")
        check_finite(model)
        kernel, bias = model.layers[-1].get_weights()
        kernel[1, 1] = np.nan
        model.layers[-1].set_weights([kernel, bias])
        with self.assertRaisesRegex(ExportError, "'mine/kernel.*' contains NaN.*lower learning"):
            convert_int8(model, np.zeros((2, 4), np.float32))


class LoopsTest(tf.test.TestCase, parameterized.TestCase):
    @parameterized.product(namespace=[keras, tf_keras], kind=["LSTM", "GRU", "SimpleRNN"])
    def test_recurrent_layers_are_refused_by_name(self, namespace, kind):
        inputs = namespace.layers.Input((6, 3))
        recurrent = getattr(namespace.layers, kind)(4, name="memory")
        model = namespace.Model(inputs, namespace.layers.Dense(2)(recurrent(inputs)))
        with self.assertRaisesRegex(ExportError, "layer 'memory' loops .*unroll=True"):
            convert_int8(model, np.zeros((2, 6, 3), np.float32))

    def test_wrapped_and_within_another_model(self):
        inputs = layers.Input((6, 3))
        both = layers.Bidirectional(layers.LSTM(4), name="both_ways")
        inner = keras.Model(inputs, both(inputs), name="inner")
        outer = layers.Input((6, 3))
        model = keras.Model(outer, layers.Dense(2)(inner(outer)))
        with self.assertRaisesRegex(ExportError, "layer '(both_ways|forward_lstm|inner)"):
            convert_int8(model, np.zeros((2, 6, 3), np.float32))


class CheckInputsTest(tf.test.TestCase, parameterized.TestCase):
    @parameterized.named_parameters(
        ("none", np.zeros((0, 8, 8, 3), np.float32), "there are no images here"),
        ("size", np.zeros((4, 9, 8, 3), np.float32), r"\(4, 9, 8, 3\); the model needs \(n, 8, 8"),
        ("rank", np.zeros((4, 8), np.float32), r"are \(4, 8\); the model needs \(n, 8, 8, 3\)"),
        ("pixels", np.zeros((4, 8, 8, 3), np.uint8), "uint8; normalised float32"),
        ("nan", np.full((4, 8, 8, 3), np.nan, np.float32), "NaN or infinity"),
    )
    def test_unsuitable(self, images, message):
        with self.assertRaisesRegex(ExportError, message):
            check_inputs(images, (8, 8, 3), "images here")

    def test_suitable(self):
        check_inputs(random_images(4, 8), (8, 8, 3), "images")


if __name__ == "__main__":
    tf.test.main()
