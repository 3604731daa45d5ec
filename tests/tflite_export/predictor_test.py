import dataclasses
import json
import tempfile
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from tflite_export.common.errors import ExportError
from tflite_export.exporting.export_report import ExportReport
from tflite_export.exporting.export_settings import CalibrationData, ExportSettings
from tflite_export.exporting.exporter import export_model
from tflite_export.input_spec import image_spec
from tflite_export.predictor import Predictor
from tflite_export.runtimes.tflm_pool import TflmPool


def _brightest_channel(size: int) -> keras.Model:
    """Three scores: twice the mean of each colour."""
    image = keras.Input((size, size, 3))
    scores = keras.layers.Conv2D(3, 1, kernel_initializer=_identity, use_bias=False)(image)
    return keras.Model(image, keras.layers.GlobalAveragePooling2D()(scores))


def _identity(shape, dtype=None):
    return 2.0 * tf.reshape(tf.eye(3), shape)


class PredictorTest(tf.test.TestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.folder = Path(cls.enterClassContext(tempfile.TemporaryDirectory())) / "out"
        images = np.random.default_rng(0).uniform(-1, 1, (20, 8, 8, 3)).astype(np.float32)
        settings = ExportSettings(
            input_spec=image_spec(8, 8), class_names=("red", "green", "blue"), tflm_examples=4
        )
        with TflmPool() as tflm:
            export_model(
                _brightest_channel(8), CalibrationData(images), cls.folder, settings=settings,
                tflm=tflm,
            )  # fmt: skip

    def test_raw_images_of_any_size_give_what_the_net_computes(self):
        predictor = Predictor.of(self.folder)
        image = np.zeros((32, 16, 3), np.uint8)
        image[..., 1], image[..., 2] = 192, 128
        # (p - 128) / 128 of each colour, twice.
        (outputs,) = predictor.outputs([image])
        self.assertAllClose(outputs, [-2.0, 1.0, 0.0], atol=0.05)
        powers = np.exp([-2.0, 1.0, 0.0])
        (scores,) = predictor.scores([image])
        self.assertAllClose(scores, powers / powers.sum(), atol=0.03)
        self.assertRegex(predictor.describe(image, top=2), r"^green 7\d\.\d%  blue 2\d\.\d%$")

    def test_files_that_do_not_belong_together_are_refused(self):
        model = self.folder / "model_int8.tflite"
        good = model.read_bytes()
        try:
            model.write_bytes(good[:-4])
            with self.assertRaisesRegex(ExportError, "is not the model that the report beside it"):
                Predictor.of(model)
            model.unlink()
            with self.assertRaisesRegex(ExportError, "cannot read .*model_int8.tflite: No such"):
                Predictor(self.folder)
        finally:
            model.write_bytes(good)

    def test_the_folder_of_a_run_names_its_models(self):
        root = Path(self.get_temp_dir())
        for name in ("b", "a"):
            (root / "scenarios" / name).mkdir(parents=True)
            (root / "scenarios" / name / "model_int8.tflite").touch()
        message = f"holds several models; name one of {root}/scenarios/a, {root}/scenarios/b"
        with self.assertRaisesRegex(ExportError, message):
            Predictor.of(root)

    def test_a_report_without_an_input_spec_is_refused(self):
        report = self.folder / "report.json"
        text = report.read_text()
        try:
            record = dataclasses.replace(ExportReport.read(report), input_spec=None)
            report.write_text(json.dumps(record.to_json()))
            with self.assertRaisesRegex(ExportError, "does not say how inputs are prepared"):
                Predictor.of(self.folder)
        finally:
            report.write_text(text)


if __name__ == "__main__":
    tf.test.main()
