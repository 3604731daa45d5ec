import contextlib
import io
import pathlib

import numpy as np
import tensorflow as tf
from absl.testing import parameterized

from tests.tflite_export.trained_models import linear_classifier, tinted_digits
from tflite_export.common.errors import ExportError
from tflite_export.exporting.export_settings import (
    CalibrationData,
    ExportSettings,
    VerificationData,
)
from tflite_export.exporting.exporter import export_model
from tflite_export.exporting.raw_arrays import (
    calibration_tensors,
    check_tensors,
    verification_tensors,
)
from tflite_export.input_spec import InputSpec, image_spec

_RAW = np.arange(2 * 4 * 4 * 3, dtype=np.uint8).reshape(2, 4, 4, 3)


class TensorsTest(tf.test.TestCase, parameterized.TestCase):
    @parameterized.parameters(
        (_RAW, image_spec(4, 4, mean=(10.0,), std=(2.0,)), (_RAW - 10.0) / 2),
        (_RAW, image_spec(4, 4, "bgr", mean=(0.0,), std=(1.0,)), _RAW[..., ::-1]),
        (_RAW[:, :, :, :1], image_spec(4, 4), (_RAW[:, :, :, [0, 0, 0]] - 128.0) / 128),
        # The middle of a wide image is what a square net sees.
        (_RAW[:, :2], image_spec(2, 2, mean=(0.0,), std=(1.0,)), _RAW[:, :2, 1:3]),
        (
            np.array([[[1, -2]], [[3, 4]]], np.int16),
            InputSpec((1, 2), mean=(1.0, 0.0), std=(1.0, 2.0)),
            [[[0, -1]], [[2, 2]]],
        ),
    )
    def test_raw_values_are_prepared(self, raw, spec, expected):
        calibration = calibration_tensors(CalibrationData(raw, raw[:1]), spec)
        self.assertEqual(calibration.inputs.dtype, np.float32)
        self.assertAllClose(calibration.inputs, expected)
        self.assertAllClose(calibration.training, expected[:1])
        labels = np.array([0, 1])
        verification = verification_tensors(VerificationData(raw, labels, raw[1:]), spec)
        self.assertAllClose(verification.inputs, expected)
        self.assertAllClose(verification.known, expected[1:])
        self.assertIs(verification.labels, labels)

    def test_floats_and_what_no_spec_describes_stay(self):
        floats = np.ones((2, 4, 4, 3), np.float32)
        self.assertIs(calibration_tensors(CalibrationData(floats), image_spec(4, 4)).inputs, floats)
        self.assertIs(calibration_tensors(CalibrationData(_RAW), None).inputs, _RAW)

    def test_refused(self):
        with self.assertRaisesRegex(ExportError, "inputs here are uint8: give settings an input_s"):
            check_tensors(_RAW, (4, 4, 3), "inputs here")
        with self.assertRaisesRegex(ExportError, r"are \(2, 4, 4, 3\); the model needs \(n, 8, 8"):
            check_tensors(_RAW, (8, 8, 3), "inputs here")
        with self.assertRaisesRegex(ExportError, "the image is int32"):
            calibration_tensors(CalibrationData(_RAW.astype(np.int32)), image_spec(4, 4))
        windows = CalibrationData(np.zeros((2, 5), np.int8))
        kept = calibration_tensors(windows, InputSpec((4,), mean=(1.0, 2.0, 3.0, 4.0)))
        self.assertIs(kept.inputs, windows.inputs)


class ExportModelTest(tf.test.TestCase):
    def test_raw_labelled_images_cast_doubt_on_the_spec_by_its_arguments(self):
        pixels, classes = tinted_digits()
        pixels, classes = pixels[1000:1300], classes[1000:1300]
        model = linear_classifier(0, 255)
        with contextlib.redirect_stderr(io.StringIO()) as said:
            report = export_model(
                model,
                CalibrationData(pixels),
                pathlib.Path(self.get_temp_dir()) / "out",
                verification=VerificationData(pixels, classes),
                settings=ExportSettings(input_spec=image_spec(8, 8)),
            )
        self.assertRegex(
            said.getvalue(),
            r"^warning: the float model gets [\d.]+% of 300 test images right with mean=\(0.0,\), "
            r"std=\(255.0,\), colour='rgb', and [\d.]+% as exported .*such an input_spec\n$",
        )
        answers = model((pixels - 128.0) / 128).numpy().argmax(axis=1)
        self.assertAllClose(report.verification.float_accuracy, np.mean(answers == classes))
        self.assertAllClose(report.input_scale, 1 / 128, rtol=0.01)


if __name__ == "__main__":
    tf.test.main()
