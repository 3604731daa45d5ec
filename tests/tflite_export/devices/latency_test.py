import dataclasses
import math

import tensorflow as tf
from absl.testing import parameterized

from tflite_export.devices.boards import CORES, known_boards, load_boards
from tflite_export.devices.calibration import Measurement
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
        ("stem_of_many",
         Op("CONV_2D", (_tensor(1, 8, 8, 3), _tensor(64, 3, 3, 3)), (_tensor(1, 4, 4, 64),)),
         4 * 4 * 64 * 27 * (2.07 + (4.3 - 2.07) / 8)),
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

    def test_dense_weights_come_from_flash(self):
        weights = _tensor(1000, 1000, data=1_000_000)
        dense = Op("FULLY_CONNECTED", (_tensor(1, 1000), weights), (_tensor(1, 1000),))
        speed = SPEEDS["xtensa-lx6", "esp_nn"]
        esp32 = known_boards()["esp32"]
        cycles = 1e6 * (7.4 * speed.cpi + speed.stream) + _FIXED * speed.plain_cpi
        estimate = estimate_latency(_file(dense), esp32)
        self.assertAllClose(estimate.latency_ms, cycles / (240 * 1e3))
        # Ten megabytes a second, of which some 60 % are left.
        self.assertBetween(240 / speed.stream, 5, 7)

    @parameterized.parameters(
        ("CONV_2D", (64, 1, 1, 32), 64 * 32 * 4 * 0.81),
        ("DEPTHWISE_CONV_2D", (1, 3, 3, 64), 64 * 9 * 4 * 5.0),
    )
    def test_every_weight_comes_from_flash_once(self, name, shape, of_kernel):
        map_in, map_out = _tensor(1, 2, 2, shape[-1]), _tensor(1, 2, 2, 64)
        size = math.prod(shape)
        op = Op(name, (map_in, _tensor(*shape, data=size), _tensor(64, data=256)), (map_out,))
        speed = SPEEDS["xtensa-lx7", "esp_nn"]
        cycles = of_kernel * speed.cpi + (size + 256) * speed.stream + _FIXED * speed.plain_cpi
        estimate = estimate_latency(_file(op), known_boards()["esp32s3"])
        self.assertAllClose(estimate.latency_ms, cycles / (240 * 1e3))

    def test_calibrated_board(self):
        measurements = (Measurement("a" * 16, 3.0, 2.0), Measurement("b" * 16, 4.0, 2.0))
        file = _file(Op("ADD", (_MAP, _MAP), (_MAP,)))
        plain = estimate_latency(file, _BOARD)
        one = estimate_latency(file, dataclasses.replace(_BOARD, measurements=measurements[:1]))
        two = estimate_latency(file, dataclasses.replace(_BOARD, measurements=measurements))
        self.assertAllClose(one.latency_ms, 1.5 * plain.latency_ms)
        self.assertAllClose(two.latency_ms, math.sqrt(1.5 * 2) * plain.latency_ms)
        self.assertAllClose(one.relative_error, 0.6 * plain.relative_error)
        self.assertIn("calibrated on 2 models", str(two))

    def test_what_nobody_has_measured_is_said(self):
        file = _file(Op("ADD", (_MAP, _MAP), (_MAP,)))
        unknown = estimate_latency(file, known_boards()["alif_e7"])
        self.assertIn("no measurement is published for cortex-m55", str(unknown))
        self.assertIsNone(unknown.energy_mj)
        self.assertNotIn("measurement", str(estimate_latency(file, _BOARD)))

    def test_energy_is_power_times_time(self):
        file = _file(Op("ADD", (_MAP, _MAP), (_MAP,)))
        estimate = estimate_latency(file, known_boards()["stm32l4r5"])
        self.assertAllClose(estimate.energy_mj, 45.5e-3 * estimate.latency_ms)
        self.assertAllClose(estimate.energy_error, math.hypot(0.16, estimate.relative_error))
        self.assertIn(" mJ +- ", str(estimate))
        limited = load_boards("stm32l4r5@100ms")[0]
        self.assertEqual(estimate_latency(file, limited).energy_mj, estimate.energy_mj)

    def test_never_shown_without_the_word_estimate(self):
        estimate = estimate_latency(_file(Op("ADD", (_MAP, _MAP), (_MAP,))), _BOARD)
        self.assertRegex(str(estimate), r"^estimate [\d.e-]+ ms \+- [\d.e-]+ ms on stm32l4r5, ")
        self.assertIn("estimate ms", estimate.table())
        self.assertIn("| ADD | 1x4x4x16 | 0 |", estimate.table())

    def test_every_core_and_library_has_a_speed(self):
        pairs = {(name, library) for name, core in CORES.items() for library in core.kernels}
        self.assertEqual(pairs, set(SPEEDS))
        for board in known_boards().values():
            self.assertIn((board.core, board.kernels), SPEEDS)


if __name__ == "__main__":
    tf.test.main()
