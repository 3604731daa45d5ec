import numpy as np
import tensorflow as tf
from absl.testing import parameterized

from tofa_tf.layers import depthwise


class DepthwiseTest(tf.test.TestCase, parameterized.TestCase):
    @parameterized.product(
        size=((2, 2), (4, 5), (7, 7), (8, 6)),
        kernel_size=(3, 5, 7),
        strides=(1, 2),
        padding=("SAME", "VALID"),
        known_size=(True, False),
    )
    def test_equals_tensorflow_and_its_gradients(
        self, size, kernel_size, strides, padding, known_size
    ):
        if padding == "VALID" and min(size) < kernel_size:
            self.skipTest("a kernel larger than a map without padding has no output")
        generator = np.random.default_rng(66)
        x = tf.constant(generator.normal(size=(3, *size, 4)).astype(np.float32))
        kernel = tf.constant(generator.normal(size=(kernel_size, kernel_size, 4, 1)), tf.float32)
        shape = (None, *size, 4) if known_size else (None, None, None, None)

        def ours(x, kernel):
            return depthwise.depthwise_conv2d(x, kernel, strides, padding)

        def stock(x, kernel):
            return tf.nn.depthwise_conv2d(x, kernel, (1, strides, strides, 1), padding)

        results = []
        for convolve in (ours, stock):
            signature = (tf.TensorSpec(shape), tf.TensorSpec((None, None, None, 1)))

            @tf.function(input_signature=signature, autograph=False)
            def value_and_gradients(x, kernel, convolve=convolve):
                with tf.GradientTape() as tape:
                    tape.watch((x, kernel))
                    y = convolve(x, kernel)
                    loss = tf.reduce_sum(tf.sin(y))
                return (y, *tape.gradient(loss, (x, kernel)))

            results.append(value_and_gradients(x, kernel))
        for mine, theirs in zip(*results, strict=True):
            self.assertAllClose(mine, theirs, rtol=1e-4, atol=1e-4)

    def test_large_maps_take_tensorflows_gradient(self):
        x = tf.ones((1, 16, 16, 2))
        self.assertGreater(depthwise._positions(x) ** 2, depthwise._MAX_PAIRS)


if __name__ == "__main__":
    tf.test.main()
