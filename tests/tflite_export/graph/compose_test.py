import tensorflow as tf
from absl.testing import parameterized

from tflite_export.graph.arena import planned_bytes
from tflite_export.graph.compose import GraphComposer
from tflite_export.graph.estimate import file_bytes, persistent_bytes, weight_bytes


class GraphComposerTest(tf.test.TestCase, parameterized.TestCase):
    def test_shapes_and_macs_equal_hand_made_values(self):
        net = GraphComposer(15, 15, 3)
        x = net.conv(net.image, 8, kernel=3, stride=2)
        self.assertEqual(x.shape, (1, 8, 8, 8))
        y = net.depthwise(x, kernel=5, stride=2)
        self.assertEqual(y.shape, (1, 4, 4, 8))
        z = net.add(net.average_pool(x, 2), y)
        graph = net.graph(net.dense(net.average_pool(z, 4), 10))
        self.assertEqual(
            [op.macs for op in graph.ops],
            [64 * 8 * 9 * 3, 16 * 8 * 25, 0, 0, 0, 8 * 10],
        )
        weights = 8 * 9 * 3 + 25 * 8 + 8 * 10
        self.assertEqual(weight_bytes(graph), weights + 4 * (8 + 8 + 10))
        # The depthwise convolution writes 128 bytes while the stem's 512 wait for the pooling.
        self.assertEqual(planned_bytes(graph), 15 * 15 * 3 + 13 + 512)

    @parameterized.parameters(
        ("linear", ["CONV_2D"]),
        ("relu", ["CONV_2D"]),
        ("relu6", ["CONV_2D"]),
        ("hard_swish", ["CONV_2D", "HARD_SWISH"]),
        ("swish", ["CONV_2D", "LOGISTIC", "MUL"]),
        ("hard_sigmoid", ["CONV_2D", "MUL"]),
    )
    def test_activations_that_are_not_fused_are_operators(self, activation, names):
        net = GraphComposer(8, 8, 3)
        graph = net.graph(net.conv(net.image, 4, activation=activation))
        self.assertEqual([op.name for op in graph.ops], names)

    def test_padding_is_an_operator_of_its_own(self):
        net = GraphComposer(8, 8, 3)
        graph = net.graph(net.conv(net.image, 4, kernel=3, stride=2, pad=True))
        pad, conv = graph.ops
        self.assertEqual((pad.name, pad.outputs[0].shape), ("PAD", (1, 10, 10, 3)))
        self.assertEqual(conv.outputs[0].shape, (1, 4, 4, 4))

    def test_unknown_activation(self):
        net = GraphComposer(8, 8, 3)
        with self.assertRaisesRegex(ValueError, "no operators are known for activation 'mish'"):
            net.conv(net.image, 4, activation="mish")


class EstimateTest(tf.test.TestCase):
    def test_a_file_is_counted_vector_by_vector(self):
        net = GraphComposer(8, 8, 3)
        graph = net.graph(net.conv(net.conv(net.image, 4), 4))
        # Kernels of 12 and 16 bytes and two biases of 16; scales of kernel and bias; shared zeros.
        contents, scales, zeros = 4 * (4 + 16), 4 * (4 + 4 * 4), 8 + 8 * 4
        # Image, two kernels, bias; both outputs have one shape.
        shapes = 20 + 2 * 20 + 8 + 20
        tables = 99 * 2 + 60 * 4 + 78 + 251
        self.assertEqual(file_bytes(graph), contents + scales + zeros + shapes + tables)
        self.assertEqual(graph.size_bytes, file_bytes(graph))
        self.assertEqual(persistent_bytes(graph), 8 * 8 + 222 * 2 + 961)


if __name__ == "__main__":
    tf.test.main()
