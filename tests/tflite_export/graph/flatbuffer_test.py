import keras
import numpy as np
import tensorflow as tf

from tests.tflite_export.flatbuffers_by_hand import chain
from tests.tflite_export.models import random_images
from tflite_export.common.errors import ExportError
from tflite_export.convert.convert import convert_int8
from tflite_export.graph.flatbuffer import read_tflite

layers = keras.layers


def _one_of_each() -> bytes:
    inputs = layers.Input((8, 8, 3))
    x = layers.Conv2D(6, 3, strides=2, padding="same", name="stem")(inputs)
    x = layers.Conv2D(4, 1, groups=2, name="grouped")(x)
    x = layers.DepthwiseConv2D(3, padding="same", name="depthwise")(x)
    x = layers.Flatten()(layers.AveragePooling2D(4)(x))
    model = keras.Model(inputs, layers.Dense(5, name="logits")(x))
    return convert_int8(model, random_images(4, 8))


class ReadTfliteTest(tf.test.TestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tflite = _one_of_each()
        cls.file = read_tflite(cls.tflite)

    def test_macs_equal_those_counted_by_hand(self):
        macs = [(op.name, op.macs) for op in self.file.ops if op.macs]
        self.assertEqual(
            macs,
            [
                ("CONV_2D", 4 * 4 * 6 * 3 * 3 * 3),
                ("CONV_2D", 4 * 4 * 4 * 3),
                ("DEPTHWISE_CONV_2D", 4 * 4 * 4 * 3 * 3),
                ("FULLY_CONNECTED", 4 * 5),
            ],
        )
        self.assertEqual(self.file.macs, 2592 + 192 + 576 + 20)

    def test_agrees_with_the_tensors_that_the_runtime_reports(self):
        interpreter = tf.lite.Interpreter(model_content=self.tflite)
        details = {tensor["index"]: tensor for tensor in interpreter.get_tensor_details()}
        for tensor in self.file.tensors:
            expected = details[tensor.index]
            self.assertEqual(tensor.name, expected["name"])
            self.assertEqual(tensor.dtype, np.dtype(expected["dtype"]).name)
            self.assertAllEqual(tensor.shape, expected["shape"])
            quantization = expected["quantization_parameters"]
            self.assertAllEqual(tensor.scales, quantization["scales"])
            self.assertAllEqual(tensor.zero_points, quantization["zero_points"])
        self.assertEqual(self.file.inputs[0].index, interpreter.get_input_details()[0]["index"])
        self.assertEqual(self.file.outputs[0].index, interpreter.get_output_details()[0]["index"])

    def test_op_counts_keep_the_order_of_first_use(self):
        self.assertEqual(
            list(self.file.op_counts.items()),
            [
                ("CONV_2D", 2),
                ("DEPTHWISE_CONV_2D", 1),
                ("AVERAGE_POOL_2D", 1),
                ("FULLY_CONNECTED", 1),
            ],
        )

    def test_origin_names_the_layer(self):
        self.assertIn("stem", self.file.ops[0].origin)
        # The output tensor is called "Identity": the constants know better.
        self.assertIn("logits", self.file.ops[-1].origin)

    def test_constants_have_their_bytes(self):
        weights, bias = self.file.ops[0].inputs[1:]
        self.assertEqual((weights.data_bytes, bias.data_bytes), (6 * 3 * 3 * 3, 6 * 4))
        self.assertEqual(self.file.inputs[0].data_bytes, 0)

    def test_refuses_what_is_not_tflite(self):
        for content in (b"", b"PK\x03\x04", b"hello, this is text", self.tflite[8:]):
            with self.assertRaisesRegex(ExportError, "not a TFLite file"):
                read_tflite(content)

    def test_refuses_a_file_cut_short_anywhere(self):
        for size in (8, 100, len(self.tflite) // 2, len(self.tflite) - 60):
            with self.assertRaisesRegex(ExportError, "damaged TFLite file"):
                read_tflite(self.tflite[:size])

    def test_reads_a_file_written_by_hand(self):
        file = read_tflite(chain(["RELU", "TANH"]))
        self.assertEqual([op.name for op in file.ops], ["RELU", "TANH"])
        self.assertEqual([tensor.name for tensor in file.tensors], ["t0", "t1", "t2"])


if __name__ == "__main__":
    tf.test.main()
