import numpy as np
from absl.testing import absltest, parameterized

from tflite_export.graph.operators import Op, OperatorGraph, Tensor


def _tensor(*shape: int, name: str = "", data: int = 0) -> Tensor:
    return Tensor(0, name, shape, "int8", (1.0,), (0,), data)


def _op(name: str, inputs: list[Tensor], *shape: int) -> Op:
    return Op(name, tuple(inputs), (_tensor(*shape),))


class MacsTest(parameterized.TestCase):
    @parameterized.named_parameters(
        # What the weights of one output see, times the outputs.
        ("conv", _op("CONV_2D", [_tensor(1, 9, 7, 6), _tensor(8, 3, 5, 6)], 1, 4, 3, 8),
         (4 * 3 * 8) * (3 * 5 * 6)),
        # Of a grouped one the kernel has the channels of a group alone.
        ("grouped", _op("CONV_2D", [_tensor(1, 9, 7, 6), _tensor(8, 3, 5, 3)], 1, 4, 3, 8),
         (4 * 3 * 8) * (3 * 5 * 3)),
        ("depthwise",
         _op("DEPTHWISE_CONV_2D", [_tensor(1, 9, 7, 6), _tensor(1, 3, 5, 12)], 1, 4, 3, 12),
         (4 * 3 * 12) * (3 * 5)),
        # Every input goes through the whole kernel, whatever is cut off at the border.
        ("transposed",
         _op("TRANSPOSE_CONV",
             [_tensor(4), _tensor(8, 3, 5, 6), _tensor(1, 4, 3, 6)], 1, 8, 6, 8),
         (4 * 3 * 6) * (3 * 5 * 8)),
        ("dense", _op("FULLY_CONNECTED", [_tensor(2, 16), _tensor(10, 16)], 2, 10), 2 * 16 * 10),
        ("add", _op("ADD", [_tensor(1, 4, 4, 8)] * 2, 1, 4, 4, 8), 0),
        ("mean", _op("MEAN", [_tensor(1, 4, 4, 8), _tensor(2)], 1, 8), 0),
    )  # fmt: skip
    def test_by_hand(self, op, expected):
        self.assertEqual(op.macs, expected)

    @parameterized.parameters(
        ((2, 5, 3), (2, 3, 7)),
        ((1, 5, 3), (4, 3, 7)),
        ((4, 2, 5, 3), (1, 2, 3, 7)),
        ((5, 3), (4, 3, 7)),
    )
    def test_a_product_of_matrices_is_counted_as_often_as_it_is_computed(self, left, right):
        shape = np.matmul(np.zeros(left), np.zeros(right)).shape
        op = _op("BATCH_MATMUL", [_tensor(*left), _tensor(*right)], *shape)
        self.assertEqual(op.macs, np.prod(shape[:-2]) * 5 * 3 * 7)

    def test_a_left_matrix_may_be_transposed(self):
        op = _op("BATCH_MATMUL", [_tensor(2, 3, 5), _tensor(2, 3, 7)], 2, 5, 7)
        self.assertEqual(op.macs, 2 * 5 * 3 * 7)


class OriginTest(parameterized.TestCase):
    def _origin(self, output: str, *inputs: tuple[str, int]) -> str:
        tensors = tuple(_tensor(1, name=name, data=data) for name, data in inputs)
        return Op("CONV_2D", tensors, (_tensor(1, name=output),)).origin

    def test_the_last_of_the_layers_that_were_fused_names_the_tensor(self):
        self.assertEqual(_tensor(1, name="net/relu;net/bn;net/conv").origin, "net/relu")

    def test_the_output_names_the_op(self):
        self.assertEqual(self._origin("net/b;net/a", ("net/kernel", 9)), "net/b")

    def test_an_output_without_a_layer_leaves_it_to_the_weights(self):
        found = self._origin("Identity", ("net/before", 0), ("net/dense/MatMul", 9))
        self.assertEqual(found, "net/dense/MatMul")
        self.assertEqual(self._origin("Identity", ("net/before", 0)), "net/before")

    def test_where_nothing_names_a_layer_the_output_is_told(self):
        self.assertEqual(self._origin("Identity", ("input", 0)), "Identity")


class OperatorGraphTest(absltest.TestCase):
    def test_sums_over_its_operators(self):
        image, kernel, bias = _tensor(1, 4, 4, 3), _tensor(8, 1, 1, 3, data=24), _tensor(8, data=32)
        conv = _op("CONV_2D", [image, kernel, bias], 1, 4, 4, 8)
        add = _op("ADD", [conv.outputs[0]] * 2, 1, 4, 4, 8)
        ops = (add, conv, add, conv, conv)
        graph = OperatorGraph(0, (), ops, (image,), add.outputs)
        self.assertEqual(graph.macs, 3 * 16 * 8 * 3)
        self.assertEqual(list(graph.op_counts.items()), [("ADD", 2), ("CONV_2D", 3)])
        self.assertEqual([tensor.size for tensor in conv.tensors], [48, 24, 8, 128])

    def test_a_scalar_is_one_element(self):
        self.assertEqual(_tensor().size, 1)
        self.assertEqual(_tensor(0, 3).size, 0)


if __name__ == "__main__":
    absltest.main()
