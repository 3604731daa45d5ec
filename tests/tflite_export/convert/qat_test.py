import sys
from unittest import mock

import keras
import numpy as np
import tensorflow as tf

from tests.tflite_export.models import mobile_net, random_images
from tflite_export.common.errors import ExportError
from tflite_export.convert import fake_quant
from tflite_export.convert.convert import convert_int8, convert_trained
from tflite_export.convert.outputs import outputs_of
from tflite_export.convert.qat import train_quantized
from tflite_export.convert.quantization_settings import QatSettings
from tflite_export.convert.tf_keras_twin import folded_twin
from tflite_export.graph.flatbuffer import read_tflite
from tflite_export.runtimes.litert import LitertModel
from tflite_export.runtimes.tflm import TflmRuntime

WHOLE_RANGE = (-1.0, 127 / 128)  # Of (pixel - 128) / 128.


class QatTest(tf.test.TestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.model = mobile_net(keras, widths=(8, 12))
        # The converter would leave out a bias of zeros, and so would only one of the two files.
        cls.model.layers[-1].bias.assign(np.linspace(-1.0, 1.0, 5))
        cls.images = np.clip(random_images(64), *WHOLE_RANGE)
        cls.images[0, 0, 0, :2] = WHOLE_RANGE
        cls.settings = QatSettings(steps=20, batch=16)
        cls.trained = train_quantized(cls.model, cls.images, cls.images, cls.settings)
        cls.tflite = convert_trained(cls.trained)

    def test_file_has_the_ops_macs_and_arena_of_post_training_quantisation(self):
        ptq = convert_int8(self.model, self.images)
        ours, other = read_tflite(self.tflite), read_tflite(ptq)
        self.assertEqual(ours.op_counts, other.op_counts)
        self.assertEqual(ours.macs, other.macs)
        with TflmRuntime() as tflm:
            inputs = LitertModel(ptq).quantize(self.images[:1])
            self.assertEqual(
                tflm.run(self.tflite, inputs).arena_bytes, tflm.run(ptq, inputs).arena_bytes
            )

    def test_int8_input_is_the_pixel_minus_128(self):
        image = read_tflite(self.tflite).inputs[0]
        self.assertEqual((image.scales[0], image.zero_points[0]), (1 / 128, 0))

    def test_training_computes_what_the_file_computes(self):
        # Few layers: the kernels round halves to the other side now and then, which every further
        # layer makes more of.
        twin = folded_twin(mobile_net(keras, widths=(8,)), self.images)
        emulated = fake_quant.with_fake_quant(twin, fake_quant.measure_ranges(twin, self.images))
        fake_quant.round_kernels(emulated)
        tflite = convert_trained(emulated)
        litert = LitertModel(tflite, reference=True)
        deployed = litert.run(litert.quantize(self.images)).values
        lsb = np.abs(deployed - outputs_of(emulated, self.images))
        lsb /= read_tflite(tflite).outputs[0].scales[0]
        self.assertLess(lsb.mean(), 0.25)

    def test_training_brings_the_int8_model_nearer_to_the_float_model(self):
        expected = outputs_of(self.model, self.images)
        untrained = train_quantized(
            self.model, self.images, self.images, QatSettings(steps=1, learning_rate=0.0)
        )
        before, after = (
            np.square(outputs_of(model, self.images) - expected).mean()
            for model in (untrained, self.trained)
        )
        self.assertLess(after, 0.9 * before)

    def test_equal_seeds_give_equal_files(self):
        again = train_quantized(self.model, self.images, self.images, self.settings)
        self.assertEqual(convert_trained(again), self.tflite)

    def test_missing_package_is_named_with_the_command_that_installs_it(self):
        with (
            mock.patch.dict(sys.modules, {"tflite_export.convert.fake_quant": None}),
            self.assertRaisesRegex(ExportError, "pip install tensorflow-model-optimization"),
        ):
            train_quantized(self.model, self.images, self.images, self.settings)

    def test_pooling_keeps_the_range_of_its_input(self):
        twin = folded_twin(self.model, self.images)
        ranges = fake_quant.measure_ranges(twin, self.images)
        pool = next(layer for layer in twin.layers if "Pooling" in type(layer).__name__)
        before = pool.inbound_nodes[0].inbound_layers
        self.assertEqual(ranges[pool.name], ranges[before.name])


if __name__ == "__main__":
    tf.test.main()
