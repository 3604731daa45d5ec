import keras
import numpy as np
import tensorflow as tf
from absl.testing import parameterized

from tests.tflite_export.models import mobile_net, random_images
from tflite_export.convert.convert import convert_int8
from tflite_export.convert.pooling import pool_instead_of_mean
from tflite_export.graph.flatbuffer import read_tflite
from tflite_export.runtimes.litert import LitertModel

layers = keras.layers


def _pooled(keepdims: bool) -> keras.Model:
    keras.utils.set_random_seed(0)
    inputs = keras.Input((8, 8, 3))
    x = layers.Conv2D(6, 3, strides=2, padding="same", activation="relu")(inputs)
    x = layers.GlobalAveragePooling2D(keepdims=keepdims)(x)
    return keras.Model(inputs, layers.Dense(4)(layers.Flatten()(x)))


class PoolingTest(tf.test.TestCase, parameterized.TestCase):
    @parameterized.parameters(True, False)
    def test_float_function_computes_the_same(self, keepdims):
        model = _pooled(keepdims)
        signature = tf.TensorSpec((1, 8, 8, 3), tf.float32)
        function = tf.function(lambda x: model(x, training=False)).get_concrete_function(signature)
        rewritten = pool_instead_of_mean(function)
        kinds = [op.type for op in rewritten.graph.get_operations()]
        self.assertIn("AvgPool", kinds)
        for image in random_images(3, 8):
            (output,) = rewritten(tf.constant(image[np.newaxis]))
            self.assertAllClose(output, model(image[np.newaxis]), rtol=1e-6, atol=1e-6)

    @parameterized.parameters(True, False)
    def test_int8_model_pools(self, keepdims):
        model = _pooled(keepdims)
        tflite = convert_int8(model, random_images(50, 8))
        counts = read_tflite(tflite).op_counts
        self.assertIn("AVERAGE_POOL_2D", counts)
        self.assertNotIn("MEAN", counts)
        images = random_images(20, 8, seed=3)
        litert = LitertModel(tflite)
        logits = litert.run(litert.quantize(images)).values
        expected = np.asarray(model(images))
        self.assertLess(np.abs(logits - expected).max(), 0.05 * np.ptp(expected))

    def test_squeeze_and_excite_pools_too(self):
        tflite = convert_int8(mobile_net(keras, mobile_v3=True), random_images(20))
        self.assertNotIn("MEAN", read_tflite(tflite).op_counts)

    def test_mean_over_channels_is_left_alone(self):
        function = tf.function(lambda x: tf.reduce_mean(x, axis=-1)).get_concrete_function(
            tf.TensorSpec((1, 4, 4, 3), tf.float32)
        )
        self.assertIs(pool_instead_of_mean(function), function)


if __name__ == "__main__":
    tf.test.main()
