import keras
import numpy as np
import tensorflow as tf
from absl.testing import parameterized
from ai_edge_litert import schema_py_generated as schema

from tests.tflite_export.models import mobile_net, random_images
from tflite_export.common.errors import ExportError
from tflite_export.convert.convert import convert_int8
from tflite_export.graph.flatbuffer import read_tflite
from tflite_export.pack.repack import Level, check_same_outputs, repack
from tflite_export.runtimes.litert import LitertModel
from tflite_export.runtimes.tflm import TflmRuntime


def _object(tflite: bytes) -> schema.ModelT:
    return schema.ModelT.InitFromObj(schema.Model.GetRootAs(tflite, 0))


def _needed_bytes(tflite: bytes) -> int:
    layers = [op for op in read_tflite(tflite).ops if op.macs]
    return sum(
        sum(tensor.data_bytes for tensor in op.inputs) + 4 * len(op.inputs[1].scales)
        for op in layers
    )


class RepackTest(tf.test.TestCase, parameterized.TestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.files = {
            mobile_v3: convert_int8(
                mobile_net(keras, widths=(24, 48, 64), mobile_v3=mobile_v3), random_images(30)
            )
            for mobile_v3 in (False, True)
        }
        cls.tflm = TflmRuntime().__enter__()
        cls.addClassCleanup(cls.tflm.__exit__)

    @parameterized.product(mobile_v3=(False, True), level=(Level.LOSSLESS, Level.TFLM_ONLY))
    def test_smaller_and_bit_identical(self, mobile_v3, level):
        tflite = self.files[mobile_v3]
        packed, packing = repack(tflite, level)
        self.assertLess(len(packed), 0.85 * len(tflite))
        self.assertEqual(packing.unpacked_bytes, len(tflite))
        rng = np.random.default_rng(0)
        inputs = rng.integers(-128, 128, (12, 16, 16, 3)).astype(np.int8)
        check_same_outputs(tflite, packed, packing, inputs, self.tflm)
        arenas = [self.tflm.run(file, inputs[:1]).arena_bytes for file in (tflite, packed)]
        self.assertEqual(*arenas)

    def test_little_remains_beside_weights_biases_and_scales(self):
        packed, _ = repack(self.files[False])
        self.assertLess(len(packed), 1.25 * _needed_bytes(packed))

    def test_constant_data_lies_on_16_byte_boundaries(self):
        packed, _ = repack(self.files[False])
        model = schema.Model.GetRootAs(packed, 0)
        start = np.frombuffer(packed, np.uint8).ctypes.data
        offsets = [
            model.Buffers(index).DataAsNumpy().ctypes.data - start
            for index in range(1, model.BuffersLength())
        ]
        self.assertNotEmpty(offsets)
        self.assertEqual({offset % 16 for offset in offsets}, {0})

    def test_what_no_runtime_reads_is_gone(self):
        model = _object(repack(self.files[True])[0])
        self.assertIsNone(model.metadata)
        self.assertIsNone(model.signatureDefs)
        self.assertIsNone(model.description)
        graph = model.subgraphs[0]
        names = {number: t.name for number, t in enumerate(graph.tensors) if t.name is not None}
        # For people who open the file in a viewer.
        self.assertEqual(names, {graph.inputs[0]: b"input", graph.outputs[0]: b"output"})
        contents = [b.data.tobytes() for b in model.buffers[1:]]
        self.assertLen(set(contents), len(contents))
        used = {tensor.buffer for tensor in model.subgraphs[0].tensors}
        self.assertEqual(used, set(range(len(model.buffers))))

    def test_ops_and_quantization_are_kept(self):
        before, after = (read_tflite(f) for f in (self.files[True], repack(self.files[True])[0]))
        self.assertEqual(before.op_counts, after.op_counts)
        for old, new in zip(before.tensors, after.tensors, strict=True):
            self.assertEqual((old.shape, old.dtype), (new.shape, new.dtype))
            self.assertEqual((old.scales, old.zero_points), (new.scales, new.zero_points))

    def test_tflm_only_is_smallest_and_refused_elsewhere(self):
        lossless, (smallest, _) = (
            repack(self.files[False])[0],
            repack(self.files[False], "tflm_only"),
        )
        self.assertLess(len(smallest), len(lossless))
        with self.assertRaisesRegex(ExportError, "LiteRT refuses"):
            LitertModel(smallest)

    def test_deterministic_and_idempotent(self):
        once, _ = repack(self.files[True])
        self.assertEqual(once, repack(self.files[True])[0])
        self.assertEqual(once, repack(once)[0])

    def test_none_leaves_the_file_alone(self):
        packed, packing = repack(self.files[False], Level.NONE)
        self.assertEqual(packed, self.files[False])
        self.assertEqual(packing.dead_channels, 0)

    def test_other_outputs_are_noticed(self):
        packed, packing = repack(self.files[False])
        model = _object(packed)
        largest = max(range(len(model.buffers)), key=lambda i: len(_read_data(model, i)))
        data = _read_data(model, largest).tobytes()
        position = packed.index(data)
        damaged = packed[:position] + bytes(len(data)) + packed[position + len(data) :]
        inputs = np.zeros((2, 16, 16, 3), np.int8)
        with self.assertRaisesRegex(ExportError, "other outputs in TFLite Micro"):
            check_same_outputs(self.files[False], damaged, packing, inputs, self.tflm)

    @parameterized.parameters(b"", b"TFL3", b"\0\0\0\0TFL3" + b"\xff" * 40)
    def test_damaged_file(self, content):
        with self.assertRaises(ExportError):
            repack(content)

    def test_unknown_level(self):
        with self.assertRaisesRegex(ExportError, "level 'tiny'; choose one of none, lossless"):
            repack(self.files[False], "tiny")


def _read_data(model: schema.ModelT, index: int) -> np.ndarray:
    data = model.buffers[index].data
    return np.zeros(0, np.uint8) if data is None else data


if __name__ == "__main__":
    tf.test.main()
