import keras
import tensorflow as tf

from tests.tofa_tf.layer_harness import LayerTestCase, images
from tofa_tf.layers.conv_norm import ElasticConvNorm, ElasticDepthwiseNorm

ALL = slice(None)


class ElasticConvNormTest(LayerTestCase):
    def test_uses_and_trains_its_slice_alone(self):
        self.check_layer(
            ElasticConvNorm(5, 9, "swish", kernel_size=3, strides=2),
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

    def test_without_norm_and_with_bias(self):
        self.check_layer(
            ElasticConvNorm(5, 9, use_norm=False, use_bias=True),
            images(2, 6, 6, 3),
            {"filters": 4},
            output_shape=(2, 6, 6, 4),
            trainable=2,
            active={"kernel": (ALL, ALL, slice(3), slice(4)), "bias": (slice(4),)},
        )

    def test_equals_stock_layers_in_a_row(self):
        block, x = ElasticConvNorm(3, 8, "relu6", 3), images(4, 6, 6, 3)
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

    def test_stride_is_a_choice_of_the_call(self):
        elastic, x = ElasticConvNorm(3, 8, kernel_size=3, strides=(1, 2)), images(2, 6, 6, 3)
        elastic.build()
        self._randomize(elastic)
        for stride in (1, 2):
            fixed = ElasticConvNorm(3, 8, kernel_size=3, strides=stride)
            fixed.build()
            fixed.set_weights(elastic.get_weights())
            graph = tf.function(lambda x, s: elastic(x, strides=s), autograph=False)
            self.assertAllClose(graph(x, tf.constant(stride)), fixed(x), rtol=1e-5, atol=1e-5)
            self.assertAllClose(elastic(x, strides=stride), fixed(x), rtol=1e-5, atol=1e-5)


class ElasticDepthwiseNormTest(LayerTestCase):
    def test_uses_and_trains_its_slice_alone(self):
        self.check_layer(
            ElasticDepthwiseNorm(9, (3, 5), "swish", strides=2),
            images(4, 6, 6, 7),
            {"kernel_size": 3},
            output_shape=(4, 3, 3, 7),
            trainable=3,
            non_trainable=2,
            active={
                "kernel": (slice(1, 4), slice(1, 4), slice(7)),
                "gamma": (slice(7),),
                "beta": (slice(7),),
            },
            training=True,
        )

    def test_equals_stock_layers_in_a_row(self):
        block, x = ElasticDepthwiseNorm(8, (3, 5), "relu6"), images(4, 6, 6, 8)
        block.build()
        self._randomize(block)
        stock = keras.Sequential(
            [
                keras.layers.DepthwiseConv2D(5, padding="same", use_bias=False),
                keras.layers.BatchNormalization(),
                keras.layers.ReLU(6.0),
            ]
        )
        stock.build(x.shape)
        stock.layers[0].set_weights(block.conv.get_weights())
        stock.layers[1].set_weights(block.bn.get_weights())
        self.assertAllClose(block(x), stock(x), rtol=1e-5, atol=1e-5)


if __name__ == "__main__":
    tf.test.main()
