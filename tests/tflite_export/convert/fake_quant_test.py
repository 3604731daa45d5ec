"""Roundings by hand; `qat_test` compares whole models with what their files compute."""

import numpy as np
import tensorflow as tf
import tf_keras

from tflite_export.convert.fake_quant import measure_ranges, round_kernels, with_fake_quant

layers = tf_keras.layers


def _chain(*made, shape: tuple[int, ...] = (2, 2, 2)) -> tf_keras.Model:
    """Layers one after the other behind that which stands for the image."""
    inputs = layers.Input(shape, name="image")
    x = layers.Activation("linear", name="image_quantizer")(inputs)
    for layer in made:
        x = layer(x)
    return tf_keras.Model(inputs, x)


def _pointwise(kernel, bias=(0.0, 0.0), **options) -> layers.Conv2D:
    kernel = np.array(kernel, np.float32)
    weights = [kernel[np.newaxis, np.newaxis], np.array(bias, np.float32)]
    return layers.Conv2D(kernel.shape[1], 1, weights=weights, name="conv", **options)


class MeasureRangesTest(tf.test.TestCase):
    def test_where_an_int8_model_rounds_and_nowhere_else(self):
        twin = _chain(
            _pointwise([[2.0, -1.0], [0.0, 0.0]]),
            layers.ReLU(name="relu"),
            layers.AveragePooling2D(2, name="pool"),
            layers.Flatten(name="flat"),
            layers.Dense(2, weights=[np.diag([1.0, -3.0]), np.zeros(2)], name="dense"),
            layers.Softmax(name="softmax"),
        )
        images = np.zeros((70, 2, 2, 2), np.float32)
        # In the first, the second and the last batch.
        images[3, 0, 0, 0], images[40, 1, 1, 0], images[69] = 5.0, -4.0, 1.0
        self.assertEqual(
            measure_ranges(twin, images),
            {
                "image_quantizer": (-4.0, 5.0),
                "relu": (0.0, 10.0),
                # Pooling and what rearranges numbers have the range of their input.
                "pool": (0.0, 10.0),
                "flat": (0.0, 10.0),
                # The mean of 10 and three zeros; three times that of 4 and three zeros.
                "dense": (-3.0, 2.5),
                "softmax": (0.0, 255 / 256),
            },
        )

    def test_zero_is_in_every_range(self):
        twin = _chain(_pointwise(np.eye(2), (7.0, 7.0)))
        ranges = measure_ranges(twin, np.ones((1, 2, 2, 2), np.float32))
        self.assertEqual(ranges, {"image_quantizer": (0.0, 1.0), "conv": (0.0, 8.0)})
        ranges = measure_ranges(twin, np.full((1, 2, 2, 2), -9.0, np.float32))
        self.assertEqual(ranges, {"image_quantizer": (-9.0, 0.0), "conv": (-2.0, 0.0)})

    def test_a_convolution_that_others_read_too_is_rounded_before_its_relu(self):
        inputs = layers.Input((2, 2, 2))
        x = layers.Activation("linear")(inputs)
        x = _pointwise(-np.eye(2))(x)
        twin = tf_keras.Model(inputs, layers.Add()([layers.ReLU()(x), x]))
        self.assertIn("conv", measure_ranges(twin, np.ones((1, 2, 2, 2), np.float32)))


class FakeQuantTest(tf.test.TestCase):
    def _with_kernel(self, kernel, ranges) -> tf_keras.Model:
        return with_fake_quant(_chain(_pointwise(kernel), shape=(1, 1, 2)), ranges)

    def _kernel(self, model: tf_keras.Model, training: bool) -> np.ndarray:
        """What a convolution multiplies by: its answers to the unit vectors."""
        return model(np.eye(2, dtype=np.float32).reshape(2, 1, 1, 2), training=training)[:, 0, 0]

    def test_outputs_have_256_steps_of_their_range(self):
        model = self._with_kernel(np.eye(2), {"conv": (-12.8, 12.7)})
        values = np.array([[3.04, 3.06], [-12.83, 99.0]], np.float32)
        rounded = model(values.reshape(2, 1, 1, 2))
        self.assertAllClose(rounded[:, 0, 0], [[3.0, 3.1], [-12.8, 12.7]], atol=1e-5)

    def test_each_channel_of_a_kernel_has_127_steps_in_training(self):
        kernel = [[1.27, 12.7], [0.014, 0.14]]
        model = self._with_kernel(kernel, {})
        self.assertAllClose(self._kernel(model, False), kernel)
        self.assertAllClose(self._kernel(model, True), [[1.27, 12.7], [0.01, 0.1]], atol=1e-6)

    def test_a_channel_of_zeros_stays_one(self):
        model = self._with_kernel([[0.0, 12.7], [0.0, 0.14]], {})
        self.assertAllClose(self._kernel(model, True), [[0.0, 12.7], [0.0, 0.1]], atol=1e-6)

    def test_gradients_pass_the_rounding(self):
        model = self._with_kernel([[1.27, 12.7], [0.014, 0.14]], {})
        (kernel,) = (weight for weight in model.trainable_weights if len(weight.shape) == 4)
        with tf.GradientTape() as tape:
            y = model(np.array([3.0, 5.0], np.float32).reshape(1, 1, 1, 2), training=True)
        self.assertAllClose(tape.gradient(y, kernel)[0, 0], [[3.0, 3.0], [5.0, 5.0]])

    def test_rounded_for_good_the_kernel_is_what_training_saw(self):
        model = self._with_kernel([[1.27, 12.7], [0.014, 0.14]], {"conv": (-12.8, 12.7)})
        trained = self._kernel(model, True)
        round_kernels(model)
        self.assertAllClose(self._kernel(model, False), trained, atol=1e-6)

    def test_a_dense_kernel_has_one_scale_and_a_depthwise_one_of_each_channel(self):
        dense = layers.Dense(2, weights=[np.array([[1.27, 0.114], [0.014, 0.0]]), np.zeros(2)])
        depthwise = layers.DepthwiseConv2D(
            (1, 2), weights=[np.reshape([1.27, 12.7, 0.014, 0.14], (1, 2, 2, 1)), np.zeros(2)]
        )
        twin = _chain(depthwise, layers.Flatten(), dense, shape=(1, 2, 2))
        model = with_fake_quant(twin, {})
        round_kernels(model)
        *_, of_depthwise, _, of_dense = model.layers
        found = {len(weight.shape): weight for weight in of_depthwise.trainable_weights}[4]
        self.assertAllClose(np.reshape(found, (2, 2)), [[1.27, 12.7], [0.01, 0.1]])
        found = {len(weight.shape): weight for weight in of_dense.trainable_weights}[2]
        self.assertAllClose(found, [[1.27, 0.11], [0.01, 0.0]])

    def test_pooling_by_means_rounds_and_what_only_rearranges_does_not(self):
        made = (layers.AveragePooling2D(2, name="pool"), layers.Flatten(name="flat"))
        ranges = dict.fromkeys(("pool", "flat"), (-12.8, 12.7))
        model = with_fake_quant(_chain(*made), ranges)
        wrapped = [type(layer).__name__ == "QuantizeWrapperV2" for layer in model.layers]
        self.assertEqual(wrapped, [False, False, True, False])
        images = np.zeros((1, 2, 2, 2), np.float32)
        images[0, 0, 0] = 1.1, 1.3
        # 0.275 and 0.325.
        self.assertAllClose(model(images), [[0.3, 0.3]], atol=1e-6)

    def test_the_model_that_is_copied_stays_as_it_is(self):
        twin = _chain(_pointwise([[1.27, 12.7], [0.014, 0.14]]), shape=(1, 1, 2))
        before = [weight.numpy() for weight in twin.weights]
        round_kernels(with_fake_quant(twin, {}))
        for weight, value in zip(twin.weights, before, strict=True):
            self.assertAllEqual(weight, value)


if __name__ == "__main__":
    tf.test.main()
