import dataclasses
from unittest import mock

import keras
import numpy as np
import tensorflow as tf

from tests.tflite_export.models import mobile_net, random_images
from tflite_export.common.errors import ExportError
from tflite_export.convert.convert import convert_int8
from tflite_export.devices.boards import known_boards
from tflite_export.graph.flatbuffer import read_tflite
from tflite_export.pack.repack import Level, repack
from tflite_export.runtimes import vela
from tflite_export.runtimes.vela import compile_for_npus, wanted_npus

layers = keras.layers


class VelaTest(tf.test.TestCase):
    def test_repacked_models_compile_to_the_same(self):
        """Vela is the oracle: sharing buffers must not change what it makes of a model."""
        converted = convert_int8(mobile_net(keras), random_images(20))
        ((plain, _),) = compile_for_npus(converted, ["ethos-u55-128"])
        for level in (Level.LOSSLESS, Level.TFLM_ONLY):
            packed, _ = repack(converted, level)
            ((report, compiled),) = compile_for_npus(packed, ["ethos-u55-128"])
            for field in ("cycles", "sram_bytes", "weight_bytes", "npu_share", "cpu_ops"):
                self.assertEqual(getattr(report, field), getattr(plain, field), field)
            self.assertEqual(report.tflite_bytes, len(compiled))
        file = read_tflite(compiled)
        self.assertEqual(file.op_counts, {"ethos-u": 1})
        self.assertEqual(file.inputs[0].shape, (1, 16, 16, 3))
        self.assertEqual(file.inputs[0].dtype, "int8")
        self.assertEqual((report.npu_share, report.cpu_ops), (1.0, {}))
        self.assertEqual(report.clock_mhz, 500)
        self.assertAllClose(report.latency_ms, report.cycles / 500e3)
        self.assertAllClose(report.at(32).latency_ms, report.cycles / 32e3)
        # The command stream comes on top of the weights.
        self.assertBetween(report.weight_bytes, 1024, report.tflite_bytes)
        self.assertIn(f"estimate {report.latency_ms:.3g} ms by Vela", str(report))

    def test_ops_without_npu_stay_on_the_cpu_and_larger_npus_are_faster(self):
        inputs = layers.Input((16, 16, 3))
        x = layers.Flatten()(layers.Conv2D(16, 3, activation="relu6")(inputs))
        model = keras.Model(inputs, layers.Dense(3)(layers.Activation("log_softmax")(x)))
        tflite = convert_int8(model, random_images(20))
        configs = ["ethos-u55-32", "ethos-u65-512"]
        (small, _), (large, _) = compile_for_npus(tflite, configs)
        self.assertEqual(small.cpu_ops, {"LOG_SOFTMAX": 1})
        self.assertAllClose(small.npu_share, 1 - 1 / len(read_tflite(tflite).ops))
        self.assertIn("1 LOG_SOFTMAX on the CPU", str(small))
        self.assertLess(large.cycles, small.cycles)
        self.assertEqual(small.file, "model_vela_ethos-u55-32.tflite")

    def test_model_that_vela_refuses(self):
        with self.assertRaisesRegex(ExportError, "Vela cannot compile the model for ethos-u55-64"):
            compile_for_npus(np.zeros(100, np.uint8).tobytes(), ["ethos-u55-64"])

    def test_wanted(self):
        board = known_boards()["rp2040"]
        with_npu = dataclasses.replace(board, npu="ethos-u55-64", npu_mhz=400)
        self.assertEqual(wanted_npus("", [board]), ())
        self.assertEqual(wanted_npus("ethos-u55-64", [board, with_npu]), ("ethos-u55-64",))
        self.assertEqual(
            wanted_npus("ethos-u85-256", [with_npu]), ("ethos-u85-256", "ethos-u55-64")
        )
        with self.assertRaisesRegex(ExportError, "unknown NPU 'u55'; known are ethos-u55-32"):
            wanted_npus("u55", [])

    def test_not_installed(self):
        board = dataclasses.replace(known_boards()["rp2040"], npu="ethos-u55-64", npu_mhz=400)
        with mock.patch.object(vela.importlib.util, "find_spec", return_value=None):
            self.assertEqual(wanted_npus("", [board]), ())
            with self.assertRaisesRegex(ExportError, "Vela is not installed: pip install"):
                wanted_npus("ethos-u55-64", [])


if __name__ == "__main__":
    tf.test.main()
