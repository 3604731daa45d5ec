import dataclasses

import keras
import numpy as np
import tensorflow as tf

from tests.tflite_export.models import mobile_net, random_images
from tflite_export.convert.convert import convert_int8
from tflite_export.devices.boards import known_boards
from tflite_export.devices.fit import arena_on_board, fit, largest_arena, runtime_code_bytes
from tflite_export.devices.memory import memory_of
from tflite_export.graph.flatbuffer import read_tflite
from tflite_export.graph.operators import Op, OperatorGraph, Tensor
from tflite_export.runtimes.tflm import TflmRuntime


class FitTest(tf.test.TestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        tflite = convert_int8(mobile_net(keras), random_images(20))
        cls.file = read_tflite(tflite)
        with TflmRuntime() as tflm:
            result = tflm.run(tflite, np.zeros((1, 16, 16, 3), np.int8))
        cls.sizes = (result.arena_bytes, result.nonpersistent_bytes)

    def _arena(self, board: str, **changes) -> int:
        bare = {"platforms": {"make": ""}}
        profile = dataclasses.replace(known_boards()[board], **(bare | changes))
        return arena_on_board(self.file, *self.sizes, profile)

    def test_arena_depends_on_core_and_kernels(self):
        wheel = self.sizes[0]
        corrected = memory_of(self.file, wheel).arena_bytes_32bit
        self.assertEqual(self._arena("stm32l4r5", kernels="reference"), corrected)
        self.assertBetween(self._arena("stm32l4r5"), corrected, wheel)
        # Nine times 4 * 124 bytes for depthwise convolutions do not hide among small activations.
        self.assertBetween(self._arena("ra8d1"), corrected + 2000, corrected + 4464 + 100)
        self.assertEqual(self._arena("k210"), wheel)
        # Plain C kernels have no buffers; those with vectors copy weights and padded inputs.
        plain = corrected + 16 * len(self.file.ops)
        self.assertEqual(self._arena("esp32"), plain)
        self.assertGreater(self._arena("esp32s3"), plain)
        # NodeAndRegistration, input and output, where TF_LITE_STATIC_MEMORY is not defined.
        larger = 12 * len(self.file.ops) + 64
        zephyr = self._arena("stm32l4r5", platforms={"zephyr": "z", "make": ""})
        self.assertEqual(zephyr, self._arena("stm32l4r5") + larger)
        # The Arduino library's CMSIS-NN wants 18 bytes a channel for 3x3 depthwise convolutions;
        # the one among the largest activations has 32.
        for platforms in ({"arduino": "a"}, {}):
            self.assertEqual(self._arena("stm32l4r5", platforms=platforms), zephyr + 18 * 32)
        largest = largest_arena(self.file, *self.sizes)
        for board in known_boards().values():
            self.assertGreater(largest, arena_on_board(self.file, *self.sizes, board))

    def test_planning_may_take_more_than_the_model(self):
        tensors = tuple(Tensor(index, "", (1, 16), "int8", (1.0,), (0,), 0) for index in range(61))
        ops = tuple(Op("RELU", tensors[i : i + 1], tensors[i + 1 : i + 2]) for i in range(60))
        file = OperatorGraph(1000, tensors, ops, tensors[:1], tensors[-1:])
        # Requests, an offset, 61 tensors, as many buffers; less the structs of input and output.
        for name, pointer, planning in (
            ("stm32l4r5", 4, 12 * 12 + 4 + 61 * 24 + 61 * 40 - 112),
            ("k210", 8, 12 * 16 + 8 + 61 * 32 + 61 * 40 - 208),
        ):
            board = dataclasses.replace(known_boards()[name], platforms={"make": ""})
            counted = 9000 if pointer == 8 else memory_of(file, 9000).arena_bytes_32bit
            self.assertEqual(arena_on_board(file, 9000, 32, board), counted - 32 + planning)

    def test_model_that_fits(self):
        board = known_boards()["stm32l4r5"]
        result = fit(self.file, *self.sizes, board)
        self.assertTrue(result.fits)
        self.assertEqual(result.missing, "")
        self.assertEqual(result.flash_used, self.file.size_bytes + runtime_code_bytes(self.file))
        self.assertEqual(result.flash_available, (2048 - 16) * 1024)
        self.assertEqual(result.arena_available, (640 - 8) * 1024)
        arena = arena_on_board(self.file, *self.sizes, board)
        self.assertBetween(result.arena_used - arena, 256, 256 + 15)

    def test_missing_memory_is_named_with_the_numbers(self):
        board = dataclasses.replace(
            known_boards()["stm32l4r5"], sram_kib=12, sram_reserved_kib=8, flash_kib=50
        )
        result = fit(self.file, *self.sizes, board)
        self.assertFalse(result.fits)
        self.assertRegex(result.missing, r"KiB of flash \(\d+\.\d used, 34\.0 available\)")
        self.assertRegex(result.missing, r"KiB of SRAM for the arena \(\d+\.\d used, 4\.0 avail")

    def test_limit_is_inclusive(self):
        exact = fit(self.file, *self.sizes, known_boards()["stm32l4r5"])
        self.assertTrue(dataclasses.replace(exact, arena_available=exact.arena_used).fits)
        self.assertFalse(dataclasses.replace(exact, arena_available=exact.arena_used - 1).fits)

    def test_code_of_the_measured_set_of_ops(self):
        ops = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "ADD", "MEAN")
        by_name = {op.name: op for op in self.file.ops}
        chosen = [dataclasses.replace(self.file.ops[0], name=name) for name in ops]
        self.assertIn("CONV_2D", by_name)
        file = dataclasses.replace(self.file, ops=tuple(chosen))
        self.assertBetween(runtime_code_bytes(file), 78.3 * 1024, 82 * 1024)


if __name__ == "__main__":
    tf.test.main()
