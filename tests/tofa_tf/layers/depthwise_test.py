import numpy as np
import tensorflow as tf
from absl.testing import parameterized

from tofa_tf.layers import depthwise

# Map and kernel size: smaller, equal and larger maps, odd and even.
_CASES = (((2, 2), 3), ((4, 5), 5), ((7, 7), 7), ((8, 6), 3), ((2, 2), 7))


class DepthwiseTest(tf.test.TestCase, parameterized.TestCase):
    def _check(self, function, size: tuple[int, int], kernel_size: int) -> None:
        """Compares (theirs, ours) of outputs and gradients."""
        generator = np.random.default_rng(66)
        x = tf.constant(generator.normal(size=(3, *size, 4)).astype(np.float32))
        kernel = tf.constant(generator.normal(size=(kernel_size, kernel_size, 4, 1)), tf.float32)
        for mine, theirs in zip(*function(x, kernel), strict=True):
            self.assertAllClose(mine, theirs, rtol=1e-4, atol=1e-4)

    @parameterized.product(strides=(1, 2), padding=("same", "symmetric"))
    def test_equals_tensorflow_and_its_gradients(self, strides, padding):
        for size, kernel_size in _CASES:
            shapes = ((None, *size, 4), (kernel_size, kernel_size, 4, 1))
            self._check(_both(strides, padding, *shapes), size, kernel_size)

    @parameterized.product(strides=(1, 2), padding=("same", "symmetric"), maps=(True, False))
    def test_one_graph_serves_all_sizes(self, strides, padding, maps):
        shape = (None, None, None, 4) if maps else (None, 8, 6, 4)
        graph = _both(strides, padding, shape, (None, None, 4, 1))
        for size, kernel_size in _CASES if maps else (((8, 6), size) for size in (3, 5, 7)):
            self._check(graph, size, kernel_size)

    @parameterized.parameters(
        # Large maps, and kernels that are smaller than their strides.
        ((1, 16, 16, 2), (3, 5), True), ((1, 8, 8, 2), (1, 3), True), ((1, 8, 8, 2), (3, 5), False)
    )  # fmt: skip
    def test_others_take_tensorflows_gradient(self, shape, sizes, theirs):
        @tf.function(autograph=False)
        def gradient(x, kernel):
            with tf.GradientTape() as tape:
                tape.watch(kernel)
                y = depthwise.depthwise_conv2d(x, kernel, 2, "same", sizes)
            return tape.gradient(y, kernel)

        graph = gradient.get_concrete_function(tf.ones(shape), tf.ones((3, 3, 2, 1))).graph
        names = {operation.type for operation in graph.get_operations()}
        self.assertEqual("DepthwiseConv2dNativeBackpropFilter" in names, theirs)
        self.assertEqual("Einsum" in names, not theirs)


def _both(strides: int, padding: str, *shapes: tuple):
    """Outputs and both gradients, ours and TensorFlow's, for an image and a kernel."""

    def ours(x, kernel):
        return depthwise.depthwise_conv2d(x, kernel, strides, padding, (3, 5, 7))

    def stock(x, kernel):
        half, way = tf.shape(kernel)[0] // 2, "SAME"
        if padding == "symmetric":
            x, way = tf.pad(x, [(0, 0), (half, half), (half, half), (0, 0)]), "VALID"
        return tf.nn.depthwise_conv2d(x, kernel, (1, strides, strides, 1), way)

    @tf.function(input_signature=[tf.TensorSpec(shape) for shape in shapes], autograph=False)
    def values_and_gradients(x, kernel):
        results = []
        for convolve in (ours, stock):
            with tf.GradientTape() as tape:
                tape.watch((x, kernel))
                y = convolve(x, kernel)
                loss = tf.reduce_sum(tf.sin(y))
            results.append((y, *tape.gradient(loss, (x, kernel))))
        return results

    return values_and_gradients


if __name__ == "__main__":
    tf.test.main()
