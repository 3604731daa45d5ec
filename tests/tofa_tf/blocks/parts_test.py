import keras
import numpy as np
import tensorflow as tf
from absl.testing import parameterized

from tests.tofa_tf.layer_harness import LayerTestCase, images
from tofa_tf.blocks.parts import (
    ElasticConvBlock,
    ElasticInvertedBottleneck,
    ElasticShortcut,
    ElasticSqueezeExcite,
)

ALL = slice(None)


class ElasticConvBlockTest(LayerTestCase):
    def test_uses_and_trains_its_slice_alone(self):
        self.check_layer(
            ElasticConvBlock(5, 9, "swish", kernel_size=3, strides=2),
            images(4, 6, 6, 3),
            {"filters": 8},
            output_shape=(4, 3, 3, 8),
            trainable=3,
            non_trainable=2,
            active={
                "kernel": (ALL, ALL, slice(3), slice(8)),
                "gamma": (slice(8),),
                "beta": (slice(8),),
            },
            training=True,
        )

    def test_equals_stock_layers_in_a_row(self):
        block, x = ElasticConvBlock(3, 8, "relu6", 3), images(4, 6, 6, 3)
        block.build()
        self._randomize(block)
        stock = keras.Sequential(
            [
                keras.layers.Conv2D(8, 3, padding="same", use_bias=False),
                keras.layers.BatchNormalization(),
                keras.layers.ReLU(6.0),
            ]
        )
        stock.build(x.shape)
        stock.layers[0].set_weights(block.conv.get_weights())
        stock.layers[1].set_weights(block.bn.get_weights())
        self.assertAllClose(block(x), stock(x), rtol=1e-5, atol=1e-5)


class ElasticSqueezeExciteTest(LayerTestCase):
    def _randomize(self, layer):
        # Small positive weights keep every ReLU, and the gate's linear range, open for gradients.
        generator = np.random.default_rng(66)
        for weight in layer.weights:
            weight.assign(generator.uniform(0.05, 0.2, weight.shape))

    def test_uses_and_trains_its_slice_alone(self):
        x = np.abs(images(2, 4, 4, 10)) * 0.1
        self.check_layer(
            ElasticSqueezeExcite(12, 6),
            x,
            {"squeeze": 4},
            output_shape=(2, 4, 4, 10),
            trainable=4,
            active={
                "reduce/kernel": (ALL, ALL, slice(10), slice(4)),
                "reduce/bias": (slice(4),),
                "expand/kernel": (ALL, ALL, slice(4), slice(10)),
                "expand/bias": (slice(10),),
            },
        )

    def test_equals_the_formula(self):
        layer, x = ElasticSqueezeExcite(6, 3), images(2, 4, 4, 6)
        layer.build()
        self._randomize(layer)
        reduce, reduce_bias, expand, expand_bias = (np.asarray(w) for w in layer.weights)
        hidden = np.maximum(x.mean((1, 2)) @ reduce[0, 0] + reduce_bias, 0.0)
        gate = np.clip(hidden @ expand[0, 0] + expand_bias + 3.0, 0.0, 6.0) / 6.0
        self.assertAllClose(layer(x), x * gate[:, None, None, :], rtol=1e-5, atol=1e-5)


class ElasticShortcutTest(LayerTestCase, parameterized.TestCase):
    def test_identity_adds(self):
        x, y = images(2, 4, 4, 6), images(2, 4, 4, 6)[::-1]
        self.check_layer(
            ElasticShortcut("identity", 8, 8), (x, y), {},
            output_shape=(2, 4, 4, 6), trainable=0, active={},
        )  # fmt: skip
        self.assertAllClose(ElasticShortcut("identity", 8, 8)(x, y), x + y)

    def test_if_equal_adds_only_equal_widths(self):
        layer, x, y = ElasticShortcut("if_equal", 8, 8), images(2, 4, 4, 6), images(2, 4, 4, 7)
        self.assertAllClose(layer(x, x), 2 * x)
        self.assertAllClose(layer(x, y), y)

    @parameterized.parameters((1, 4), (2, 2))
    def test_projection_trains_its_slice_alone(self, strides, size):
        self.check_layer(
            ElasticShortcut("projected", 8, 10, strides),
            (images(2, 4, 4, 6), images(2, size, size, 7)),
            {},
            output_shape=(2, size, size, 7),
            trainable=1,
            active={"kernel": (ALL, ALL, slice(6), slice(7))},
        )

    def test_projection_pools_then_projects(self):
        layer, x, y = ElasticShortcut("projected", 6, 7, 2), images(2, 4, 4, 6), images(2, 2, 2, 7)
        layer.build()
        self._randomize(layer)
        pooled = x.reshape(2, 2, 2, 2, 2, 6).mean((2, 4))
        expected = y + pooled @ np.asarray(layer.projection.kernel)[0, 0]
        self.assertAllClose(layer(x, y), expected, rtol=1e-5, atol=1e-5)


class ElasticInvertedBottleneckTest(LayerTestCase, parameterized.TestCase):
    def _block(self, **changes):
        options = {
            "max_in_channels": 8, "max_mid": 24, "max_width": 10, "kernel_sizes": (3, 5),
            "strides": 1, "activation": "swish", "shortcut": "projected", "max_squeeze": 0,
        }  # fmt: skip
        return ElasticInvertedBottleneck(**{**options, **changes})

    @parameterized.parameters(1, 2)
    def test_uses_and_trains_its_slice_alone(self, strides):
        mid, width, centre = slice(18), slice(7), slice(1, 4)
        self.check_layer(
            self._block(strides=strides),
            images(4, 6, 6, 6),
            {"kernel_size": 3, "mid": 18, "width": 7},
            output_shape=(4, 6 // strides, 6 // strides, 7),
            trainable=9 + 1,
            non_trainable=6,
            active={
                "expand/conv/kernel": (ALL, ALL, slice(6), mid),
                "expand/bn/gamma": (mid,),
                "expand/bn/beta": (mid,),
                "depthwise/kernel": (centre, centre, mid),
                "depthwise_bn/gamma": (mid,),
                "depthwise_bn/beta": (mid,),
                "project/conv/kernel": (ALL, ALL, mid, width),
                "project/bn/gamma": (width,),
                "project/bn/beta": (width,),
                "projection/kernel": (ALL, ALL, slice(6), width),
            },
            training=True,
        )

    def test_without_expand_the_input_width_is_kept(self):
        block = self._block(has_expand=False, max_mid=8, shortcut="none")
        block.build()
        self.assertIsNone(block.expand)
        self.assertEqual(
            block(images(2, 6, 6, 6), kernel_size=5, mid=6, width=10).shape, (2, 6, 6, 10)
        )

    def test_squeeze_excite_stands_behind_the_depthwise_activation(self):
        block = self._block(max_squeeze=6, shortcut="none")
        block.build()
        self._randomize(block)
        x = images(2, 6, 6, 8)
        y = tf.nn.silu(block.depthwise_bn(block.depthwise(block.expand(x))))
        expected = block.project(block.squeeze_excite(y))
        self.assertAllClose(block(x), expected, rtol=1e-5, atol=1e-5)


if __name__ == "__main__":
    tf.test.main()
