import keras
import numpy as np
import tensorflow as tf
from absl.testing import parameterized

from tests.tofa_tf.layer_harness import LayerTestCase, images
from tofa_tf.blocks import net_builder
from tofa_tf.layers.elastic_layers import (
    ACTIVATIONS,
    ElasticBatchNormalization,
    ElasticConv2D,
    ElasticDense,
    ElasticDepthwiseConv2D,
)

ALL = slice(None)


class ActivationsTest(tf.test.TestCase):
    def test_each_name_that_a_net_may_have_computes(self):
        self.assertEqual(tuple(ACTIVATIONS), net_builder.ACTIVATIONS)


class ElasticConv2DTest(LayerTestCase, parameterized.TestCase):
    @parameterized.product(kernel_size=(1, 3), strides=(1, 2), use_bias=(False, True))
    def test_uses_and_trains_its_slice_alone(self, kernel_size, strides, use_bias):
        layer = ElasticConv2D(8, 12, kernel_size, strides, use_bias=use_bias)
        active = {"kernel": (ALL, ALL, slice(5), slice(7))}
        if use_bias:
            active["bias"] = (slice(7),)
        self.check_layer(
            layer,
            images(2, 6, 6, 5),
            {"filters": 7},
            output_shape=(2, 6 // strides, 6 // strides, 7),
            trainable=1 + use_bias,
            active=active,
        )

    @parameterized.product(kernel_size=(1, 3, 5), strides=(1, 2), use_bias=(False, True))
    def test_at_full_size_equals_conv2d(self, kernel_size, strides, use_bias):
        layer = ElasticConv2D(8, 12, kernel_size, strides, use_bias=use_bias)
        stock = keras.layers.Conv2D(12, kernel_size, strides, "same", use_bias=use_bias)
        x = images(2, 7, 7, 8)
        layer.build()
        self._randomize(layer)
        stock.build(x.shape)
        stock.set_weights(layer.get_weights())
        self.assertAllClose(layer(x), stock(x), rtol=1e-6, atol=1e-5)

    def test_symmetric_padding_is_half_the_kernel_on_every_side(self):
        layer = ElasticConv2D(1, 1, 3, strides=2, padding="symmetric")
        layer.build()
        layer.kernel.assign(tf.ones((3, 3, 1, 1)))
        x = np.arange(16, dtype=np.float32).reshape(1, 4, 4, 1)
        # Windows centred on rows and columns 0 and 2: 0+1+4+5, 1+2+3+5+6+7, ...
        self.assertAllClose(layer(x)[0, :, :, 0], [[10.0, 24.0], [51.0, 90.0]])


class ElasticDepthwiseConv2DTest(LayerTestCase, parameterized.TestCase):
    @parameterized.product(kernel_size=(3, 5, 7), strides=(1, 2), padding=("same", "symmetric"))
    def test_uses_and_trains_its_slice_alone(self, kernel_size, strides, padding):
        start = (7 - kernel_size) // 2
        centre = slice(start, start + kernel_size)
        self.check_layer(
            ElasticDepthwiseConv2D(6, (3, 5, 7), strides, padding),
            images(2, 12, 12, 4),
            {"kernel_size": kernel_size},
            output_shape=(2, 12 // strides, 12 // strides, 4),
            trainable=1,
            active={"kernel": (centre, centre, slice(4))},
        )

    @parameterized.product(strides=(1, 2), size=(4, 9))
    def test_at_full_size_equals_depthwise_conv2d(self, strides, size):
        layer = ElasticDepthwiseConv2D(6, (3, 5), strides)
        stock = keras.layers.DepthwiseConv2D(5, strides, "same", use_bias=False)
        x = images(2, size, size, 6)
        layer.build()
        self._randomize(layer)
        stock.build(x.shape)
        stock.set_weights(layer.get_weights())
        self.assertAllClose(layer(x), stock(x), rtol=1e-6, atol=1e-5)

    def test_kernel_transforms_chain_from_the_largest_kernel(self):
        layer = ElasticDepthwiseConv2D(4, (3, 5, 7), kernel_transform=True)
        layer.build()
        self.assertLen(layer.trainable_weights, 3)
        self._randomize(layer)
        kernel = np.asarray(layer.kernel)[:, :, :, 0]
        to_five, to_three = (np.asarray(layer.transforms[size]) for size in (5, 3))
        for channel in range(4):
            five = (to_five @ kernel[1:6, 1:6, channel].ravel()).reshape(5, 5)
            three = (to_three @ five[1:4, 1:4].ravel()).reshape(3, 3)
            for size, expected in ((7, kernel[..., channel]), (5, five), (3, three)):
                cut = layer.cut_kernel(size, 4)[:, :, channel, 0]
                self.assertAllClose(cut, expected, rtol=1e-5, atol=1e-5)

    def test_transforms_train_only_where_the_kernel_passes_through_them(self):
        layer = ElasticDepthwiseConv2D(4, (3, 5, 7), kernel_transform=True)
        five_alone = {
            "kernel": (slice(1, 6), slice(1, 6), slice(3)),
            "to_5x5": (ALL, ALL),
            "to_3x3": (slice(0), slice(0)),
        }
        self.check_layer(
            layer,
            images(2, 8, 8, 3),
            {"kernel_size": 5},
            output_shape=(2, 8, 8, 3),
            trainable=3,
            active=five_alone,
        )


class ElasticBatchNormalizationTest(LayerTestCase, parameterized.TestCase):
    @parameterized.parameters(True, False)
    def test_uses_and_trains_its_slice_alone(self, training):
        self.check_layer(
            ElasticBatchNormalization(9),
            images(4, 5, 5, 6),
            {},
            output_shape=(4, 5, 5, 6),
            trainable=2,
            non_trainable=2,
            active={"gamma": (slice(6),), "beta": (slice(6),)},
            training=training,
        )

    def _pair(self):
        layer = ElasticBatchNormalization(6, momentum=0.9)
        stock = keras.layers.BatchNormalization(momentum=0.9)
        layer.build()
        self._randomize(layer)
        stock.build((None, 5, 5, 6))
        stock.set_weights(layer.get_weights())
        return layer, stock

    @parameterized.parameters(True, False)
    def test_at_full_size_equals_batch_normalization(self, training):
        layer, stock = self._pair()
        x = images(4, 5, 5, 6)
        y = layer(x, training=training, update_statistics=training)
        self.assertAllClose(y, stock(x, training=training), rtol=1e-5, atol=1e-5)
        for ours, theirs in zip(layer.get_weights(), stock.get_weights(), strict=True):
            self.assertAllClose(ours, theirs, rtol=1e-5, atol=1e-6)

    def test_statistics_stay_unless_asked_for(self):
        layer, _ = self._pair()
        before = np.asarray(layer.moving_mean)
        layer(images(4, 5, 5, 6), training=True)
        self.assertAllEqual(layer.moving_mean, before)

    def test_statistics_of_unused_channels_stay(self):
        layer, _ = self._pair()
        before = np.asarray(layer.moving_mean)
        layer(images(4, 5, 5, 4), training=True, update_statistics=True)
        self.assertAllEqual(layer.moving_mean[4:], before[4:])
        self.assertNotAllClose(layer.moving_mean[:4], before[:4])


class ElasticDenseTest(LayerTestCase):
    def test_uses_and_trains_its_slice_alone(self):
        self.check_layer(
            ElasticDense(9, 4),
            images(3, 6),
            {},
            output_shape=(3, 4),
            trainable=2,
            active={"kernel": (slice(6),), "bias": (ALL,)},
        )

    def test_at_full_size_equals_dense(self):
        layer, stock, x = ElasticDense(9, 4), keras.layers.Dense(4), images(3, 9)
        layer.build()
        self._randomize(layer)
        stock.build(x.shape)
        stock.set_weights(layer.get_weights())
        self.assertAllClose(layer(x), stock(x), rtol=1e-6, atol=1e-5)


if __name__ == "__main__":
    tf.test.main()
