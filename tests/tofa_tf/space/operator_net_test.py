import random

import numpy as np
import tensorflow as tf
from absl.testing import parameterized

from tests.tofa_tf.randomized import shared_supernet
from tests.tofa_tf.spaces_for_tests import TEST_SPACES
from tflite_export.convert.convert import convert_int8
from tflite_export.devices.boards import load_boards
from tflite_export.devices.latency import estimate_latency
from tflite_export.graph.arena import planned_bytes
from tflite_export.graph.estimate import weight_bytes
from tflite_export.graph.flatbuffer import read_tflite
from tofa_tf.nets.harvest import harvest
from tofa_tf.space.cost import cost
from tofa_tf.training.sampling import random_arch

_CLASSES = 7


class OperatorNetTest(tf.test.TestCase, parameterized.TestCase):
    @parameterized.parameters(*TEST_SPACES)
    def test_composed_graph_is_that_of_the_converted_file(self, name):
        space = TEST_SPACES[name]
        supernet = shared_supernet(space)
        for arch in (space.min_arch, random_arch(space, random.Random(2))):
            composed = cost(space, arch, _CLASSES).graph
            images = np.random.default_rng(0).normal(size=(4, arch.resolution, arch.resolution, 3))
            file = read_tflite(convert_int8(harvest(supernet, arch), images.astype(np.float32)))
            self.assertEqual(_described(composed), _described(file))
            self.assertEqual(composed.macs, file.macs)
            self.assertEqual(planned_bytes(composed), planned_bytes(file))
            self.assertEqual(weight_bytes(composed), weight_bytes(file))
            for board in load_boards("nano33ble,esp32s3"):
                self.assertAllClose(
                    estimate_latency(composed, board).latency_ms,
                    estimate_latency(file, board).latency_ms,
                    rtol=1e-6,
                )


def _described(graph) -> list[tuple]:
    """Kind, shapes of activations and weights, of every operator."""
    return [
        (op.name, [_shape(t) for t in op.inputs if t.size > 1], [_shape(t) for t in op.outputs])
        for op in graph.ops
    ]


def _shape(tensor) -> tuple[int, ...]:
    """A dense layer may read (1, 1, 1, channels) or (1, channels)."""
    return tuple(size for size in tensor.shape if size != 1)


if __name__ == "__main__":
    tf.test.main()
