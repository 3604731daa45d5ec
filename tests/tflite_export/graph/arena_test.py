import keras
import numpy as np
import tensorflow as tf
from absl.testing import parameterized

from tests.tflite_export.models import mobile_net, random_images
from tflite_export.convert.convert import convert_int8
from tflite_export.graph.arena import kernel_sum_bytes, planned_bytes, scratch_bytes
from tflite_export.graph.flatbuffer import read_tflite
from tflite_export.graph.operators import Op, OperatorGraph, Tensor
from tflite_export.runtimes.tflm import TflmRuntime


def _tensor(index: int, *shape: int) -> Tensor:
    return Tensor(index, f"t{index}", shape, "int8", (1.0,), (0,), 0)


def _conv(kind: str, kernel: int, channels: int) -> Op:
    image, weights = _tensor(0, 1, 8, 8, channels), _tensor(1, 1, kernel, kernel, channels)
    return Op(kind, (image, weights), (_tensor(2, 1, 8, 8, channels),))


class ArenaTest(tf.test.TestCase, parameterized.TestCase):
    @parameterized.product(mobile_v3=(False, True), widths=((8, 12, 16), (16, 24), (4, 32, 8, 24)))
    def test_plan_equals_that_of_the_runtime(self, mobile_v3, widths):
        model = mobile_net(keras, 24, widths, mobile_v3=mobile_v3)
        tflite = convert_int8(model, random_images(8, 24))
        with TflmRuntime() as tflm:
            result = tflm.run(tflite, np.zeros((1, 24, 24, 3), np.int8))
        self.assertEqual(planned_bytes(read_tflite(tflite)), result.nonpersistent_bytes)

    def test_scratch_takes_room_only_where_there_is_none(self):
        tensors = [_tensor(i, 1, size) for i, size in enumerate((64, 640, 64))]
        ops = tuple(Op("RELU", (tensors[i],), (tensors[i + 1],)) for i in range(2))
        file = OperatorGraph(0, tuple(tensors), ops, (tensors[0],), (tensors[2],))
        self.assertEqual(planned_bytes(file), 704)
        tensors[1] = _tensor(1, 1, 16)
        ops = (
            Op("RELU", (tensors[0],), (tensors[1],)),
            Op("RELU", (tensors[1],), (tensors[2],)),
        )
        file = OperatorGraph(0, tuple(tensors), ops, (tensors[0],), (tensors[2],))
        self.assertEqual(planned_bytes(file), 80)
        self.assertEqual(planned_bytes(file, {0: 48}), 128)

    @parameterized.parameters(
        ("DEPTHWISE_CONV_2D", 3, 16, 4464, 0, 0),
        ("DEPTHWISE_CONV_2D", 5, 16, 12400, 800, 0),
        ("CONV_2D", 3, 16, 576, 576, 576),
        ("CONV_2D", 3, 3, 128, 112, 112),
        ("CONV_2D", 1, 16, 0, 0, 0),
        ("AVERAGE_POOL_2D", 8, 16, 0, 64, 0),
    )
    def test_scratch_buffers(self, kind, kernel, channels, mve, dsp, plain):
        op = _conv(kind, kernel, channels)
        self.assertEqual(scratch_bytes(op, mve=True, dsp=True), mve)
        self.assertEqual(scratch_bytes(op, mve=False, dsp=True), dsp)
        self.assertEqual(scratch_bytes(op, mve=False, dsp=False), plain)

    def test_older_library_has_a_buffer_for_3x3_too(self):
        op = _conv("DEPTHWISE_CONV_2D", 3, 16)
        self.assertEqual(scratch_bytes(op, mve=False, dsp=True, older=True), 288)
        self.assertEqual(scratch_bytes(op, mve=False, dsp=False, older=True), 0)

    def test_kernel_sums_of_the_autoencoder(self):
        # MLPerf Tiny's anomaly detection: what a Cortex-M55 takes more than a Cortex-M4.
        widths = (640, 128, 128, 128, 128, 8, 128, 128, 128, 128, 640)
        tensors = [_tensor(i, 1, width) for i, width in enumerate(widths)]
        ops = tuple(
            Op("FULLY_CONNECTED", (tensors[i],), (tensors[i + 1],)) for i in range(len(widths) - 1)
        )
        file = OperatorGraph(0, tuple(tensors), ops, (tensors[0],), (tensors[-1],))
        self.assertEqual(kernel_sum_bytes(file), 9364 - 2676)


if __name__ == "__main__":
    tf.test.main()
