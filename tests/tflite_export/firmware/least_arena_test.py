from absl.testing import absltest

from tflite_export.devices.memory import memory_of
from tflite_export.firmware.least_arena import least_arena, least_host_arena
from tflite_export.graph.operators import Op, OperatorGraph, Tensor


def _file(tensors: int, ops: int, name: str = "CONV_2D") -> OperatorGraph:
    tensor = Tensor(0, "t", (1, 4), "int8", (1.0,), (0,), 0)
    op = Op(name, (tensor,), (tensor,))
    return OperatorGraph(1000, (tensor,) * tensors, (op,) * ops, (tensor,), (tensor,))


class LeastArenaTest(absltest.TestCase):
    def test_hand_made_figures(self):
        file = _file(tensors=10, ops=5)
        # 9,183 on a board: what would be reserved, less 2 % and 0.5 KiB.
        self.assertEqual(memory_of(file, 10_001).arena_bytes_32bit, 9_183)
        self.assertEqual(least_arena(file, 10_001, 5_000), int(0.98 * (9_183 + 256)) - 512)
        self.assertEqual(least_host_arena(file, 10_001, 5_000), int(0.98 * 10_001) - 512)
        # One buffer and ten tensors are planned, where the model runs in 16 bytes.
        planning = 12 * 12 + 4 + 10 * 24 + 40 - 112
        needed = 9_183 - 16 + planning
        self.assertEqual(least_arena(file, 10_001, 16), int(0.98 * (needed + 256)) - 512)

    def test_dense_layers_may_take_less_than_here(self):
        convolutions = least_host_arena(_file(10, 5), 10_001, 5_000)
        dense = least_host_arena(_file(10, 5, "FULLY_CONNECTED"), 10_001, 5_000)
        self.assertBetween(convolutions - dense, 0.98 * 160 - 1, 0.98 * 160 + 1)


if __name__ == "__main__":
    absltest.main()
