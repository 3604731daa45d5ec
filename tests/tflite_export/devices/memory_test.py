import tensorflow as tf
from absl.testing import parameterized

from tflite_export.devices.memory import memory_of
from tflite_export.graph.operators import Op, OperatorGraph, Tensor


def _file(tensors: int, ops: int, size_bytes: int = 1000) -> OperatorGraph:
    tensor = Tensor(0, "t", (1, 4), "int8", (1.0,), (0,), 0)
    op = Op("RELU", (tensor,), (tensor,))
    return OperatorGraph(size_bytes, (tensor,) * tensors, (op,) * ops, (tensor,), (tensor,))


class MemoryTest(tf.test.TestCase, parameterized.TestCase):
    def test_hand_made_figures(self):
        memory = memory_of(_file(tensors=10, ops=5), arena_bytes=10_001)
        self.assertEqual(memory.tflite_bytes, 1000)
        self.assertEqual(memory.arena_bytes, 10_001)
        self.assertEqual(memory.arena_bytes_32bit, 10_001 - (120 + 160 + 88) - (400 + 50))
        self.assertEqual(memory.arena_budget_bytes, 11_040)

    def test_is_close_to_a_figure_measured_on_a_cortex_m4(self):
        # An MBConv net of 75 tensors and 28 ops: 102,736 B on a PC, 100,148 B with reference
        # kernels and 100,212 B with CMSIS-NN on a 32-bit core.
        memory = memory_of(_file(tensors=75, ops=28), arena_bytes=102_736)
        self.assertLess(abs(memory.arena_bytes_32bit - 100_148), 330)
        self.assertGreater(memory.arena_budget_bytes, 100_212)

    @parameterized.parameters(1, 15, 16, 17, 5000)
    def test_budget_is_aligned_and_has_slack(self, arena_bytes):
        budget = memory_of(_file(4, 2), arena_bytes).arena_budget_bytes
        self.assertEqual(budget % 16, 0)
        self.assertBetween(budget - arena_bytes, 1024, 1039)


if __name__ == "__main__":
    tf.test.main()
