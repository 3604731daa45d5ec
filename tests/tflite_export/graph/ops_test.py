import keras
import numpy as np
import tensorflow as tf
from ai_edge_litert import schema_py_generated as schema

from tests.tflite_export.flatbuffers_by_hand import chain
from tests.tflite_export.models import random_images
from tflite_export.common.errors import ExportError
from tflite_export.convert.convert import convert_int8
from tflite_export.graph.flatbuffer import read_tflite
from tflite_export.graph.ops import TFLM_OPS, check_integer, check_tflm_ops, resolver_method
from tflite_export.runtimes.tflm import TflmRuntime

layers = keras.layers

# Not ops of a model; and one whose options the wheel's own Python reads before it looks it up.
_NO_OPS = {"CUSTOM", "PLACEHOLDER_FOR_GREATER_OP_CODES", "VAR_HANDLE"}
_ABSENT = "GELU"


def _convert(layer) -> bytes:
    model = keras.Sequential(
        [layers.Input((8, 8, 3)), layers.Conv2D(4, 3), layer, layers.Flatten(), layers.Dense(3)]
    )
    return convert_int8(model, random_images(8, 8))


class TflmOpsTest(tf.test.TestCase):
    def test_table_is_what_the_runtime_registers(self):
        names = {name for name in vars(schema.BuiltinOperator) if not name.startswith("_")}
        registered = set()
        with TflmRuntime() as tflm:
            for name in names - _NO_OPS - {_ABSENT}:
                # Ops are looked up in order: the complaint names the first that is missing.
                with self.assertRaises(ExportError) as caught:
                    tflm.run(chain([name, _ABSENT]), np.zeros((1, 4), np.int8))
                if f"'{name}'" not in str(caught.exception):
                    self.assertIn(f"'{_ABSENT}'", str(caught.exception))
                    registered.add(name)
        self.assertEqual(registered, TFLM_OPS - _NO_OPS)

    def test_names_each_absent_op_and_its_layer(self):
        file = read_tflite(_convert(layers.Activation("gelu", name="my_gelu")))
        with self.assertRaisesRegex(ExportError, "no op GELU .*hard-swish.*my_gelu"):
            check_tflm_ops(file)

    def test_names_float_only_ops(self):
        file = read_tflite(_convert(layers.Activation("mish", name="my_mish")))
        with self.assertRaisesRegex(ExportError, "EXP for float only.*my_mish.*LOG for float"):
            check_tflm_ops(file)

    def test_accepts_supported_ops(self):
        check_tflm_ops(read_tflite(_convert(layers.Activation("hard_silu"))))

    def test_float_tensors_are_refused(self):
        with self.assertRaisesRegex(ExportError, "QUANTIZE, which comes from .* works on float"):
            check_integer(read_tflite(chain(["QUANTIZE"], input_type="FLOAT32")))

    def test_other_integer_inputs_are_refused(self):
        with self.assertRaisesRegex(ExportError, "'t0' is int16; input and output must be int8"):
            check_integer(read_tflite(chain(["QUANTIZE"], input_type="INT16")))

    def test_resolver_methods(self):
        expected = {
            "CONV_2D": "AddConv2D",
            "ADD": "AddAdd",
            "ADD_N": "AddAddN",
            "RELU6": "AddRelu6",
            "BATCH_MATMUL": "AddBatchMatMul",
            "PADV2": "AddPadV2",
            "L2_POOL_2D": "AddL2Pool2D",
            "UNIDIRECTIONAL_SEQUENCE_LSTM": "AddUnidirectionalSequenceLSTM",
        }
        self.assertEqual({name: resolver_method(name) for name in expected}, expected)


if __name__ == "__main__":
    tf.test.main()
