import keras
import numpy as np
import tensorflow as tf

from tests.tflite_export.models import mobile_net, random_images
from tflite_export.convert.convert import convert_both
from tflite_export.convert.int8_findings import find_guilty
from tflite_export.convert.layer_noise import INPUT, measure_layers

layers = keras.layers


def _dense(kernel: list[list[float]]) -> keras.Model:
    net = keras.Sequential([layers.Input((2,)), layers.Dense(2, use_bias=False, name="only")])
    net.layers[0].set_weights([np.array(kernel, np.float32)])
    return net


def _uniform(*largest: float) -> np.ndarray:
    values = np.random.default_rng(0).uniform(-1, 1, (512, len(largest))).astype(np.float32)
    values[0] = 1
    values[1] = -1
    return values * np.array(largest, np.float32)


class LayerNoiseTest(tf.test.TestCase):
    def _measure(self, net, inputs, representative=None):
        representative = inputs if representative is None else representative
        return measure_layers(net, *convert_both(net, representative), inputs)

    def test_noise_of_an_even_input(self):
        # A uniform value from -1 to 1 has the variance 1/3, a step of 2/255 the noise step^2 / 12.
        net = _dense([[1, 0], [0, 1]])
        inputs = _uniform(1, 1)[:32]
        source = self._measure(net, inputs)[0]
        self.assertEqual((source.layer, source.channels), (INPUT, 2))
        self.assertAllClose(source.activation_db, 10 * np.log10(255**2), atol=1.5)
        self.assertEqual(source.activation_db, source.total_db)
        self.assertAllClose([source.range_used, source.saturated], [1, 0], atol=0.01)

    def test_a_wide_channel_is_told(self):
        named = self._measure(_dense([[1, 0], [0, 1]]), _uniform(1, 50))[1]
        self.assertEqual((named.layer, named.op), ("only", "FULLY_CONNECTED"))
        self.assertEqual((named.widest_channel, named.channels), (1, 2))
        self.assertAllClose(named.channel_spread, 50 / 25.5, rtol=0.05)

    def test_saturation_is_a_share_of_the_values(self):
        inputs = _uniform(1, 1)
        source = self._measure(_dense([[1, 0], [0, 1]]), inputs, inputs / 2)[0]
        self.assertAllClose(source.saturated, 0.5, atol=0.15)

    def test_weights_by_input_channel(self):
        named = self._measure(_dense([[1, 1], [1000, 1000]]), _uniform(1, 1e-3))[1]
        self.assertEqual(named.widest_input, 1)
        # Of the first input channel's weights nothing is left, of the second's everything.
        self.assertAllClose(named.weight_db, 10 * np.log10(2), atol=0.1)

    def test_layers_of_a_net_that_does_well(self):
        net, images = mobile_net(keras), random_images(64)
        noise = self._measure(net, images)
        self.assertEmpty(find_guilty(noise))
        names = [layer.name for layer in net.layers]
        for layer in noise[1:]:
            self.assertIn(layer.layer, names)
            self.assertGreater(layer.activation_db, 25)
        self.assertLess(noise[-1].total_db, noise[1].total_db)

    def test_dead_channels_count(self):
        net = mobile_net(keras)
        norm = next(layer for layer in net.layers if "batch_norm" in layer.name)
        norm.gamma.assign(np.array(norm.gamma) * ([0, 0] + [1] * 6))
        self.assertEqual(self._measure(net, random_images(32))[1].dead_channels, 2)


if __name__ == "__main__":
    tf.test.main()
