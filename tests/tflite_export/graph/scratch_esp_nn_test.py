"""Scratch buffers of ESP-NN: the figures are what its own functions of version 1.2.3 return."""

from absl.testing import absltest, parameterized

from tflite_export.graph.operators import Op, Tensor
from tflite_export.graph.scratch_esp_nn import P4, S3, esp_nn_scratch_bytes


def _tensor(index: int, *shape: int) -> Tensor:
    return Tensor(index, f"t{index}", shape, "int8", (1.0,), (0,), 0)


def _op(kind: str, image, kernel, output) -> Op:
    in_channels, out_channels = image[-1], output[-1]
    depthwise = kind == "DEPTHWISE_CONV_2D"
    weights = (1, *kernel, out_channels) if depthwise else (out_channels, *kernel, in_channels)
    tensors = (_tensor(0, 1, *image), _tensor(1, *weights))
    return Op(kind, tensors, (_tensor(2, 1, *output),))


class ScratchTest(parameterized.TestCase):
    @parameterized.parameters(
        ("CONV_2D", S3, (32, 32, 3), (3, 3), (16, 16, 16), 704),
        ("CONV_2D", P4, (32, 32, 3), (3, 3), (16, 16, 16), 123),
        ("CONV_2D", S3, (16, 16, 16), (1, 1), (16, 16, 64), 1344),
        ("CONV_2D", P4, (16, 16, 16), (1, 1), (16, 16, 64), 1312),
        ("CONV_2D", S3, (16, 16, 12), (1, 1), (16, 16, 40), 5056),
        ("CONV_2D", P4, (16, 16, 12), (1, 1), (16, 16, 40), 864),
        ("CONV_2D", S3, (16, 16, 24), (3, 3), (16, 16, 32), 32640),
        ("CONV_2D", P4, (16, 16, 24), (3, 3), (16, 16, 32), 376),
        ("CONV_2D", S3, (8, 8, 24), (3, 3), (6, 6, 32), 17088),
        ("CONV_2D", P4, (8, 8, 24), (3, 3), (6, 6, 32), 9376),
        ("CONV_2D", S3, (48, 48, 1), (3, 3), (24, 24, 24), 7268),
        ("CONV_2D", P4, (48, 48, 1), (3, 3), (24, 24, 24), 40448),
        ("CONV_2D", S3, (2, 2, 32), (1, 1), (2, 2, 10), 384),
        ("CONV_2D", P4, (2, 2, 32), (1, 1), (2, 2, 10), 352),
        ("DEPTHWISE_CONV_2D", S3, (16, 16, 64), (3, 3), (16, 16, 64), 21328),
        ("DEPTHWISE_CONV_2D", S3, (48, 48, 96), (3, 3), (24, 24, 96), 15280),
        ("DEPTHWISE_CONV_2D", S3, (16, 16, 24), (3, 3), (16, 16, 24), 21344),
        ("DEPTHWISE_CONV_2D", S3, (16, 16, 8), (3, 3), (16, 16, 8), 4272),
        ("DEPTHWISE_CONV_2D", S3, (16, 16, 20), (3, 3), (8, 8, 20), 14560),
        ("DEPTHWISE_CONV_2D", S3, (8, 8, 64), (5, 5), (8, 8, 64), 11424),
        ("DEPTHWISE_CONV_2D", S3, (32, 32, 64), (5, 5), (32, 32, 64), 23712),
        ("DEPTHWISE_CONV_2D", S3, (9, 9, 1), (3, 3), (9, 9, 8), 338),
    )
    def test_equal_to_what_the_library_says(self, kind, core, image, kernel, output, expected):
        self.assertEqual(esp_nn_scratch_bytes(_op(kind, image, kernel, output), core), expected)

    def test_plain_kernels_need_none(self):
        op = _op("CONV_2D", (32, 32, 16), (3, 3), (32, 32, 16))
        self.assertEqual(esp_nn_scratch_bytes(op, "xtensa-lx6"), 0)
        self.assertEqual(esp_nn_scratch_bytes(op, "rv32imc"), 0)
        softmax = Op("SOFTMAX", (_tensor(0, 1, 10),), (_tensor(1, 1, 10),))
        self.assertEqual(esp_nn_scratch_bytes(softmax, "xtensa-lx6"), 40)


if __name__ == "__main__":
    absltest.main()
