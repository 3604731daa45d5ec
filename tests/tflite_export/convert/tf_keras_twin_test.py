import pathlib

import keras
import numpy as np
import tensorflow as tf
import tf_keras
from absl.testing import parameterized

from tests.tflite_export.models import mobile_net, random_images
from tflite_export.common.errors import ExportError
from tflite_export.convert.outputs import outputs_of
from tflite_export.convert.tf_keras_twin import folded_twin

layers = keras.layers
IMAGES = random_images(8)


class TfKerasTwinTest(tf.test.TestCase, parameterized.TestCase):
    @parameterized.named_parameters(("keras_3", keras), ("tf_keras", tf_keras))
    def test_same_outputs_without_batch_norm(self, namespace):
        model = mobile_net(namespace)
        twin = folded_twin(model, IMAGES)
        self.assertAllClose(outputs_of(twin, IMAGES), outputs_of(model, IMAGES), atol=1e-4)
        self.assertNotIn("BatchNormalization", [type(layer).__name__ for layer in twin.layers])
        self.assertIsInstance(twin, tf_keras.Model)

    def test_loaded_sequential_model_with_activations_in_layers(self):
        path = pathlib.Path(self.get_temp_dir()) / "model.keras"
        keras.Sequential(
            [
                layers.Input((16, 16, 3)),
                layers.Conv2D(4, 3, strides=2, activation="relu6"),
                layers.DepthwiseConv2D(3, depth_multiplier=2, padding="same"),
                layers.BatchNormalization(),
                layers.Activation("relu"),
                layers.GlobalAveragePooling2D(),
                layers.Dropout(0.5),
                layers.Dense(4, activation="softmax"),
            ]
        ).save(path)
        model = keras.models.load_model(path)
        twin = folded_twin(model, IMAGES)
        self.assertAllClose(outputs_of(twin, IMAGES), outputs_of(model, IMAGES), atol=1e-5)

    def test_layer_that_cannot_be_trained_is_named(self):
        with self.assertRaisesRegex(ExportError, "'rescaling.*quantization='ptq'"):
            folded_twin(mobile_net(keras, mobile_v3=True), IMAGES)

    def test_batch_norm_without_a_convolution_is_named(self):
        inputs = layers.Input((16, 16, 3))
        x = layers.Flatten()(layers.BatchNormalization(name="lonely")(inputs))
        model = keras.Model(inputs, layers.Dense(2)(x))
        with self.assertRaisesRegex(ExportError, "'lonely'.*does not follow"):
            folded_twin(model, IMAGES)

    def test_batch_norm_beside_another_reader_of_its_convolution_is_noticed(self):
        inputs = layers.Input((16, 16, 3))
        x = layers.Conv2D(4, 3)(inputs)
        norm = layers.BatchNormalization()
        y = layers.Add()([x, norm(x)])
        norm.set_weights([np.full(4, value) for value in (2.0, 1.0, 0.5, 1.0)])
        model = keras.Model(inputs, layers.Dense(2)(layers.Flatten()(y)))
        with self.assertRaisesRegex(ExportError, "outputs differ"):
            folded_twin(model, IMAGES)


if __name__ == "__main__":
    tf.test.main()
