"""Exports of what is not a classifier of one image, all the way to boards and firmware."""

import pathlib

import numpy as np
import tensorflow as tf
from absl.testing import parameterized

from tests.tflite_export.other_models import conv1d, dense, random_inputs, segmentation
from tflite_export.common.errors import ExportError
from tflite_export.convert.outputs import outputs_of
from tflite_export.convert.quantization_settings import Method, Quantization
from tflite_export.devices.boards import load_boards
from tflite_export.exporting.export_folder import MODEL_FILE, read_report
from tflite_export.exporting.export_settings import (
    CalibrationData,
    ExportSettings,
    VerificationData,
)
from tflite_export.exporting.exporter import export_model
from tflite_export.firmware.generate import write_firmware
from tflite_export.runtimes.tflm import TflmRuntime
from tflite_export.task import Task

_BOARDS = tuple(load_boards("nano33ble,ra8d1,esp32s3"))


class ExportKindsTest(tf.test.TestCase, parameterized.TestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tflm = TflmRuntime().__enter__()
        cls.addClassCleanup(cls.tflm.__exit__)

    def setUp(self):
        super().setUp()
        self.folder = pathlib.Path(self.get_temp_dir()) / "out"

    def _export(self, model, labels=None, **settings):
        inputs = random_inputs(model)
        return export_model(
            model,
            CalibrationData(inputs),
            self.folder,
            verification=VerificationData(inputs, labels),
            settings=ExportSettings(boards=_BOARDS, **settings),
            tflm=self.tflm,
        )

    @parameterized.parameters(
        ("plain", "mean", None),
        ("plain", "max", "softmax"),
        ("dilated", "flatten", "softmax"),
        ("causal", "mean", None),
        ("depthwise", "mean", None),
        ("separable", "flatten", None),
        ("residual", "mean", "softmax"),
    )
    def test_windows_of_sensor_data(self, kind, end, activation):
        model = conv1d(kind, end, activation)
        labels = outputs_of(model, random_inputs(model)).argmax(axis=1)
        report = self._export(model, labels)
        self.assertEqual((report.input_shape, report.output_shape), ((1, 64, 3), (1, 5)))
        checked = report.verification
        self.assertEqual((checked.task, checked.float_accuracy), (Task.CLASSIFICATION, 1.0))
        self.assertGreater(checked.int8_agreement, 0.85)
        self.assertLessEqual(checked.litert_tflm_max_lsb, 4)
        # Means over steps take the fast kernel.
        self.assertNotIn("MEAN", report.ops)
        for board in report.boards:
            self.assertEqual(board.missing, "")
            self.assertGreater(board.latency.latency_ms, 0)
            self.assertBetween(
                board.fit.arena_used, checked.nonpersistent_bytes, 3 * checked.arena_bytes
            )
        self.assertEqual(read_report(self.folder), report)
        tflite = (self.folder / MODEL_FILE).read_bytes()
        folder = self.folder / "firmware" / "make"
        write_firmware(folder, "make", report, tflite, random_inputs(model, 2), self.tflm)
        text = (folder / "model" / "model.h").read_text()
        self.assertIn(f"#define MODEL_INPUT_SIZE {64 * 3}\n", text)

    def test_binary(self):
        model = dense(1, "sigmoid")
        labels = (outputs_of(model, random_inputs(model))[:, 0] > 0.5).astype(int)
        labels[:10] = 1 - labels[:10]
        checked = self._export(model, labels).verification
        self.assertEqual((checked.task, checked.threshold), (Task.BINARY, 0.5))
        self.assertEqual(checked.float_accuracy, 0.75)
        # One column: the largest of it would always be the same.
        self.assertLess(checked.int8_accuracy, 0.9)
        self.assertGreater(checked.int8_agreement, 0.9)
        self.assertLess(checked.max_output_error, 0.05)
        self.assertAllClose(checked.max_output_error_lsb, 256 * checked.max_output_error)

    def test_logit_that_is_said_to_be_binary(self):
        model = dense(1)
        labels = (outputs_of(model, random_inputs(model))[:, 0] > 0.0).astype(int)
        checked = self._export(model, labels, task="binary").verification
        self.assertEqual((checked.threshold, checked.float_accuracy), (0.0, 1.0))

    @parameterized.parameters((1, None, 40), (40, None, 40), (3, "regression", 40))
    def test_regression_has_errors_in_the_output_s_unit(self, outputs, task, inputs):
        model = dense(outputs, inputs=inputs)
        report = self._export(model, **({"task": task} if task else {}))
        checked = report.verification
        self.assertEqual((checked.task, checked.threshold), (Task.REGRESSION, None))
        self.assertIsNone(checked.int8_agreement)
        self.assertIsNone(checked.litert_tflm_agreement)
        self.assertIsNone(checked.float_accuracy)
        self.assertBetween(checked.mean_output_error_lsb, 0.1, 3.0)
        self.assertAllClose(
            checked.mean_output_error, checked.mean_output_error_lsb * report.output_scale
        )
        self.assertLessEqual(checked.mean_output_error, checked.max_output_error)
        self.assertEqual(report.quantization.ptq.mean_output_error, checked.mean_output_error)
        self.assertEqual(read_report(self.folder), report)

    def test_labels_of_a_regression(self):
        with self.assertRaisesRegex(ExportError, "no labels: leave them out, or say .*task='bina"):
            self._export(dense(1), np.zeros(40, int))
        self.assertFalse(self.folder.exists())

    def test_auto_quantization_needs_answers(self):
        with self.assertRaisesRegex(ExportError, "quantization='auto' compares answers"):
            self._export(dense(1), quantization=Quantization(Method.AUTO))

    @parameterized.parameters(True, False)
    def test_classes_of_every_pixel(self, transposed):
        model = segmentation(transposed)
        labels = outputs_of(model, random_inputs(model)).argmax(axis=-1)
        labels[:, 8:] = (labels[:, 8:] + 1) % 4
        report = self._export(model, labels)
        checked = report.verification
        self.assertEqual(report.output_shape, (1, 16, 16, 4))
        self.assertEqual((checked.task, checked.float_accuracy), (Task.CLASSIFICATION, 0.5))
        self.assertGreater(checked.int8_agreement, 0.9)
        for board in report.boards:
            # A transposed convolution has a buffer of sums that no table of ours lists.
            self.assertGreaterEqual(board.fit.arena_used, checked.nonpersistent_bytes)
            self.assertGreater(board.latency.latency_ms, 0)

    def test_one_label_an_image_is_too_few_for_pixels(self):
        with self.assertRaisesRegex(ExportError, r"integers \(40, 16, 16\) are needed"):
            self._export(segmentation(True), np.zeros(40, int))


if __name__ == "__main__":
    tf.test.main()
