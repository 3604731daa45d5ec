"""Graphs put together by hand, counted by hand."""

from absl.testing import absltest

from tflite_export.graph.estimate import file_bytes, persistent_bytes, weight_bytes
from tflite_export.graph.operators import Op, OperatorGraph, Tensor


def _tensor(index: int, *shape: int, data: int = 0) -> Tensor:
    return Tensor(index, f"t{index}", shape, "int8", (1.0,), (0,), data)


_IMAGE, _MAP, _GATED, _LOGITS = (
    *(_tensor(0, 1, 4, 4, 3), _tensor(1, 1, 4, 4, 5)),
    *(_tensor(2, 1, 4, 4, 5), _tensor(3, 1, 2)),
)
_KERNEL, _BIAS = _tensor(4, 5, 1, 1, 3, data=15), _tensor(5, 5, data=20)
_FACTOR = _tensor(6, 1, 1, 1, 1, data=1)
_MATRIX, _OFFSET = _tensor(7, 2, 80, data=160), _tensor(8, 2, data=8)


def _graph(*ops: Op) -> OperatorGraph:
    return OperatorGraph(0, (), ops, (_IMAGE,), (ops[-1].outputs[0],))


_CONV = Op("CONV_2D", (_IMAGE, _KERNEL, _BIAS), (_MAP,))
_MUL = Op("MUL", (_MAP, _FACTOR), (_GATED,))
_DENSE = Op("FULLY_CONNECTED", (_GATED, _MATRIX, _OFFSET), (_LOGITS,))


class EstimateTest(absltest.TestCase):
    def test_weights_are_kernels_and_biases_and_count_once(self):
        self.assertEqual(weight_bytes(_graph(_CONV, _MUL, _DENSE)), 15 + 20 + 160 + 8)
        again = Op("CONV_2D", (_GATED, _KERNEL, _BIAS), (_tensor(9, 1, 4, 4, 5),))
        self.assertEqual(weight_bytes(_graph(_CONV, _MUL, again)), 15 + 20)
        self.assertEqual(weight_bytes(_graph(Op("ADD", (_IMAGE, _IMAGE), (_tensor(9, 1),)))), 0)

    def test_file(self):
        # A length of 4 and multiples of 16: kernel, bias, factor, matrix, offset.
        contents = 5 * 4 + 16 + 32 + 16 + 160 + 16
        # Scales of kernel and bias, and zero points, of the convolution's 5 channels alone.
        quantisation = 2 * (4 + 4 * 5) + 8 + 8 * 5
        # Two activations have one shape.
        shapes = (4 + 4 * 4) * 4 + (4 + 4) * 2 + (4 + 4 * 2) * 2
        tables = 99 * 3 + 60 * 5 + 78 * 3 + 251
        self.assertEqual(
            file_bytes(_graph(_CONV, _MUL, _DENSE)), contents + quantisation + shapes + tables
        )

    def test_equal_widths_share_zero_points_and_equal_operators_a_kind(self):
        kernel, bias = _tensor(9, 5, 1, 1, 5, data=25), _tensor(10, 5, data=20)
        second = Op("CONV_2D", (_MAP, kernel, bias), (_GATED,))
        more = file_bytes(_graph(_CONV, second)) - file_bytes(_graph(_CONV))
        contents, scales, shape = (4 + 32) + (4 + 32), 2 * (4 + 4 * 5), 4 + 4 * 4
        self.assertEqual(more, contents + scales + shape + 99 + 2 * 60)

    def test_persistent_arena(self):
        self.assertEqual(persistent_bytes(_graph(_CONV, _MUL, _DENSE)), 8 * 7 + 222 * 3 + 961)


if __name__ == "__main__":
    absltest.main()
