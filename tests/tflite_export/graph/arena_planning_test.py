import pathlib
import subprocess
import sys

import keras
import numpy as np
import tensorflow as tf
from absl.testing import parameterized

from tflite_export.convert.convert import convert_int8
from tflite_export.graph.arena_planning import planning_bytes, preparing_bytes, transient_bytes
from tflite_export.graph.flatbuffer import read_tflite
from tflite_export.graph.operators import Op, OperatorGraph, Tensor
from tflite_export.runtimes.tflm import TflmRuntime

# Ends well where the runtime works with an arena of the given size: else it refuses, or crashes.
_TRY = """
import sys
import numpy as np
from tflite_export.runtimes.tflm_worker import run_model
inputs = np.zeros((1, *map(int, sys.argv[2].split(","))), np.int8)
run_model(open(sys.argv[1], "rb").read(), inputs, int(sys.argv[3]))
"""


def _narrow_net(side: int, channels: int, blocks: int) -> keras.Model:
    """Small activations, many tensors."""
    x = inputs = keras.layers.Input((side, side, 3))
    for _ in range(blocks):
        x = keras.layers.Conv2D(channels, 1, activation="relu")(x)
        x = keras.layers.DepthwiseConv2D(3, padding="same", activation="relu")(x)
    return keras.Model(inputs, keras.layers.Dense(3)(keras.layers.Flatten()(x)))


class ArenaPlanningTest(tf.test.TestCase, parameterized.TestCase):
    def test_hand_made_figures(self):
        source = Tensor(0, "in", (1, 4), "int8", (1.0,), (0,), 0)
        weights = Tensor(1, "w", (3, 1, 1, 4), "int8", (1.0,) * 3, (0,) * 3, 12)
        target = Tensor(2, "out", (1, 3), "int8", (1.0,), (0,), 0)
        op = Op("CONV_2D", (source, weights), (target,))
        file = OperatorGraph(0, (source, weights, target), (op,), (source,), (target,))
        # Requests, an offset, three tensors, two buffers; less the structs of input and output.
        self.assertEqual(planning_bytes(file, 4), 12 * 12 + 4 + 3 * 24 + 2 * 40 - 112)
        self.assertEqual(planning_bytes(file, 8), 12 * 16 + 8 + 3 * 32 + 2 * 40 - 208)
        self.assertEqual(planning_bytes(file, 4, 2) - planning_bytes(file, 4), 2 * (12 + 24 + 40))
        # Three structs with five scales, twice.
        self.assertEqual(preparing_bytes(file, 4), 12 * 12 + 2 * (3 * 48 + 4 * 5) - 112)

    @parameterized.parameters((2, 64, 10), (1, 256, 2))
    def test_least_arena_of_the_runtime(self, side, channels, blocks):
        images = np.random.default_rng(0).normal(0, 1, (8, side, side, 3)).astype(np.float32)
        tflite = convert_int8(_narrow_net(side, channels, blocks), images)
        file = read_tflite(tflite)
        with TflmRuntime() as tflm:
            ran = tflm.run(tflite, np.zeros((1, side, side, 3), np.int8))
        beside = transient_bytes(file, 8)
        self.assertGreater(beside, ran.nonpersistent_bytes)
        least = ran.persistent_bytes + beside
        path = pathlib.Path(self.get_temp_dir()) / "model.tflite"
        path.write_bytes(tflite)
        command = [sys.executable, "-c", _TRY, path, f"{side},{side},3"]
        works = [
            subprocess.run([*command, str(size)], capture_output=True).returncode == 0
            for size in (least + 128, least - 256)
        ]
        self.assertEqual(works, [True, False])


if __name__ == "__main__":
    tf.test.main()
