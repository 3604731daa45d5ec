import dataclasses

import tensorflow as tf
from absl.testing import parameterized

from tflite_export.devices.boards import CORES, known_boards
from tflite_export.devices.kernels import SPEEDS
from tflite_export.devices.latency import estimate_latency
from tflite_export.graph.operators import Op, OperatorGraph, Tensor

_MHZ = 100
_BOARD = dataclasses.replace(known_boards()["stm32l4r5"], clock_mhz=_MHZ)
_CPI = SPEEDS["cortex-m4", "cmsis_nn"].cpi
# What every op costs beside its kernel.
_FIXED = 3000


def _tensor(*shape: int, data: int = 0) -> Tensor:
    return Tensor(0, "", shape, "int8", (1.0,), (0,), data)


def _file(*ops: Op) -> OperatorGraph:
    return OperatorGraph(0, (), ops, ops[0].inputs[:1], ops[-1].outputs)


def _milliseconds(instructions: float) -> float:
    return (instructions + _FIXED) * _CPI / (_MHZ * 1e3)


_MAP = _tensor(1, 4, 4, 16)


class LatencyTest(tf.test.TestCase, parameterized.TestCase):
    @parameterized.named_parameters(
        ("pointwise", Op("CONV_2D", (_MAP, _tensor(32, 1, 1, 16)), (_tensor(1, 4, 4, 32),)),
         4 * 4 * 32 * 16 * 2.60),
        ("conv", Op("CONV_2D", (_MAP, _tensor(8, 3, 3, 16)), (_tensor(1, 4, 4, 8),)),
         4 * 4 * 8 * 9 * 16 * 2.07),
        ("stem", Op("CONV_2D", (_tensor(1, 8, 8, 3), _tensor(8, 3, 3, 3)), (_tensor(1, 4, 4, 8),)),
         4 * 4 * 8 * 27 * 4.3),
        ("depthwise", Op("DEPTHWISE_CONV_2D", (_MAP, _tensor(1, 3, 3, 16)), (_MAP,)),
         4 * 4 * 16 * 9 * 8.1),
        ("depthwise_5x5", Op("DEPTHWISE_CONV_2D", (_MAP, _tensor(1, 5, 5, 16)), (_MAP,)),
         4 * 4 * 16 * 25 * 9.1),
        ("dense", Op("FULLY_CONNECTED", (_tensor(1, 16), _tensor(10, 16)), (_tensor(1, 10),)),
         160 * 2.2),
        ("add", Op("ADD", (_MAP, _MAP), (_MAP,)), 256 * 81),
        ("mul", Op("MUL", (_MAP, _tensor(1, 1, 1, 16)), (_MAP,)), 256 * 52),
        ("hard_swish", Op("HARD_SWISH", (_MAP,), (_MAP,)), 256 * 93),
        ("mean", Op("MEAN", (_MAP,), (_tensor(1, 16),)), 256 * 163),
        ("transposed",
         Op("TRANSPOSE_CONV", (_tensor(4), _tensor(8, 3, 3, 16), _MAP), (_tensor(1, 8, 8, 8),)),
         256 * 9 * 8 * 65.1),
        ("pool", Op("AVERAGE_POOL_2D", (_MAP,), (_tensor(1, 1, 1, 16),)), 256 * 6.8),
    )  # fmt: skip
    def test_op_by_hand(self, op, instructions):
        estimate = estimate_latency(_file(op), _BOARD)
        self.assertAllClose(estimate.latency_ms, _milliseconds(instructions))
        fast = op.name not in ("MUL", "HARD_SWISH", "MEAN", "TRANSPOSE_CONV")
        self.assertEqual(estimate.ops[0].fast, fast)

    def test_sum_scales_with_the_clock(self):
        file = _file(Op("ADD", (_MAP, _MAP), (_MAP,)), Op("HARD_SWISH", (_MAP,), (_MAP,)))
        slow = estimate_latency(file, _BOARD)
        fast = estimate_latency(file, dataclasses.replace(_BOARD, clock_mhz=4 * _MHZ))
        self.assertAllClose(slow.latency_ms, sum(op.latency_ms for op in slow.ops))
        self.assertAllClose(slow.latency_ms, 4 * fast.latency_ms)

    def test_equal_macs_are_not_equal_latency(self):
        pointwise = Op("CONV_2D", (_MAP, _tensor(9, 1, 1, 16)), (_tensor(1, 4, 4, 9),))
        depthwise = Op("DEPTHWISE_CONV_2D", (_MAP, _tensor(1, 3, 3, 16)), (_MAP,))
        self.assertEqual(pointwise.macs, depthwise.macs)
        times = [estimate_latency(_file(op), _BOARD).latency_ms for op in (pointwise, depthwise)]
        self.assertGreater(times[1], 1.5 * times[0])

    def test_reference_kernels_are_an_order_of_magnitude_slower(self):
        op = Op("CONV_2D", (_MAP, _tensor(32, 1, 1, 16)), (_tensor(1, 4, 4, 32),))
        slow = estimate_latency(_file(op), dataclasses.replace(_BOARD, kernels="reference"))
        fast = estimate_latency(_file(op), _BOARD)
        self.assertGreater(slow.latency_ms, 10 * fast.latency_ms)
        self.assertFalse(slow.ops[0].fast)

    def test_never_shown_without_the_word_estimate(self):
        estimate = estimate_latency(_file(Op("ADD", (_MAP, _MAP), (_MAP,))), _BOARD)
        self.assertRegex(str(estimate), r"^estimate [\d.e-]+ ms \+- [\d.e-]+ ms on stm32l4r5$")
        self.assertIn("estimate ms", estimate.table())
        self.assertIn("| ADD | 1x4x4x16 | 0 |", estimate.table())

    def test_every_core_and_library_has_a_speed(self):
        pairs = {(core, library) for core, libraries in CORES.items() for library in libraries}
        self.assertEqual(pairs, set(SPEEDS))
        for board in known_boards().values():
            self.assertIn((board.core, board.kernels), SPEEDS)


if __name__ == "__main__":
    tf.test.main()
