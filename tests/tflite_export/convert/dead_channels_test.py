import keras
import numpy as np
import tensorflow as tf
from absl.testing import parameterized

from tests.tflite_export.models import random_images
from tflite_export.convert.convert import convert_int8
from tflite_export.graph.flatbuffer import read_tflite
from tflite_export.pack.repack import check_same_outputs, repack
from tflite_export.runtimes.tflm import TflmRuntime

layers = keras.layers

# Channel 1 becomes a positive constant, 2 is cut to zero by ReLU, 4 a constant as well.
_DEAD = {1: 0.7, 2: -0.5, 4: 0.2}


def _bottleneck(padding: str = "same", shortcut: bool = False) -> keras.Model:
    """A stem of 8 channels of which three are dead, depthwise, pointwise, pooling, dense."""
    keras.utils.set_random_seed(1)
    inputs = keras.Input((8, 8, 3))
    stem = layers.Conv2D(8, 3, padding="same", activation=None if shortcut else "relu", name="stem")
    x = stem(inputs)
    y = layers.DepthwiseConv2D(3, padding=padding, activation="relu", name="depthwise")(x)
    y = layers.Conv2D(8, 1, activation="relu", name="project")(y)
    y = layers.Add()([x, y]) if shortcut else y
    y = layers.Flatten()(layers.AveragePooling2D(y.shape[1])(y))
    model = keras.Model(inputs, layers.Dense(4, name="head")(y))
    kernel, bias = (np.array(value) for value in stem.get_weights())
    for channel, value in _DEAD.items():
        kernel[..., channel] = 0
        bias[channel] = value
    stem.set_weights([kernel, bias])
    return model


class DeadChannelsTest(tf.test.TestCase, parameterized.TestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tflm = TflmRuntime().__enter__()
        cls.addClassCleanup(cls.tflm.__exit__)

    def _repack(self, model):
        tflite = convert_int8(model, random_images(50, 8))
        packed, packing = repack(tflite)
        rng = np.random.default_rng(2)
        inputs = rng.integers(-128, 128, (30, 8, 8, 3)).astype(np.int8)
        check_same_outputs(tflite, packed, packing, inputs, self.tflm)
        return read_tflite(packed), packing.dead_channels

    def test_constants_move_through_depthwise_into_the_next_bias(self):
        file, removed = self._repack(_bottleneck("valid"))
        # Three channels of the stem and the same three of the depthwise convolution.
        self.assertEqual(removed, 6)
        stem, depthwise, project = file.ops[:3]
        self.assertEqual(stem.outputs[0].shape, (1, 8, 8, 5))
        self.assertEqual(depthwise.inputs[1].shape, (1, 3, 3, 5))
        self.assertEqual(project.inputs[1].shape, (8, 1, 1, 5))
        self.assertEqual(project.outputs[0].shape, (1, 6, 6, 8))

    def test_padded_border_keeps_all_but_channels_at_zero(self):
        file, removed = self._repack(_bottleneck("same"))
        self.assertEqual(removed, 2)
        self.assertEqual(file.ops[0].outputs[0].shape, (1, 8, 8, 7))

    def test_shortcut_keeps_channels_of_both_branches(self):
        file, removed = self._repack(_bottleneck(shortcut=True))
        self.assertEqual(removed, 0)
        self.assertEqual(file.ops[0].outputs[0].shape, (1, 8, 8, 8))

    def test_channels_that_nobody_reads_go_with_all_that_feeds_them(self):
        model = _bottleneck("valid")
        head = model.get_layer("head")
        kernel, bias = (np.array(value) for value in head.get_weights())
        kernel[[0, 5]] = 0
        head.set_weights([kernel, bias])
        file, removed = self._repack(model)
        self.assertEqual(removed, 6 + 2)
        self.assertEqual(file.ops[2].outputs[0].shape, (1, 6, 6, 6))
        self.assertEqual(file.ops[-1].inputs[1].shape, (4, 6))

    def test_live_model_is_kept(self):
        keras.utils.set_random_seed(0)
        inputs = keras.Input((8, 8, 3))
        x = layers.Conv2D(6, 3, activation="relu")(inputs)
        model = keras.Model(inputs, layers.Dense(2)(layers.Flatten()(x)))
        self.assertEqual(self._repack(model)[1], 0)

    def test_model_all_dead_keeps_one_channel_and_its_answer(self):
        model = _bottleneck("valid")
        stem = model.get_layer("stem")
        kernel, bias = (np.array(value) for value in stem.get_weights())
        stem.set_weights([np.zeros_like(kernel), np.full_like(bias, -1.0)])
        file, removed = self._repack(model)
        self.assertGreater(removed, 7)
        self.assertEqual(file.ops[0].outputs[0].shape[-1], 1)


if __name__ == "__main__":
    tf.test.main()
