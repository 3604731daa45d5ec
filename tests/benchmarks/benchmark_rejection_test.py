import dataclasses
import json
import pathlib

import keras
import numpy as np
import tensorflow as tf
from PIL import Image

from benchmarks.benchmark_rejection import Options, measure
from tests.tofa_tf.deploy.results_for_tests import RESULT
from tflite_export.common.errors import ExportError
from tflite_export.exporting.export_settings import (
    CalibrationData,
    ExportSettings,
    VerificationData,
)
from tflite_export.exporting.exporter import export_model
from tflite_export.input_spec import image_spec
from tflite_export.predictor import Predictor
from tofa_tf.deploy.evaluation import Evaluation


def _brightness(sure: float) -> keras.Model:
    """Two scores, apart by the mean of the red channel less that of the green one."""
    kernel = sure * np.array([[[[1, -1], [-1, 1], [0, 0]]]], np.float32)
    net = keras.Sequential(
        [
            keras.layers.Input((8, 8, 3)),
            keras.layers.Conv2D(2, 1, use_bias=False),
            keras.layers.GlobalAveragePooling2D(),
        ]
    )
    net.layers[0].set_weights([kernel])
    return net


class BenchmarkRejectionTest(tf.test.TestCase):
    def test_grey_images_are_foreign_to_a_net_of_colours(self):
        root = pathlib.Path(self.get_temp_dir())
        model = root / "model"
        # Red or green, never in between.
        known = np.zeros((40, 8, 8, 3), np.float32) - 1
        known[::2, ..., 0] = known[1::2, ..., 1] = 1
        data = VerificationData(known, np.arange(40) % 2, known)
        settings = ExportSettings(input_spec=image_spec(8, 8), class_names=("red", "green"))
        report = export_model(
            _brightness(1.0), CalibrationData(known), model, verification=data, settings=settings
        )
        self.assertLen(report.rejection.centres, 2)
        result = dataclasses.replace(RESULT, evaluation=Evaluation(((1, 0), (0, 1)), (), 0.95))
        (model / "scenario.json").write_text(json.dumps(result.to_json()))
        for name, colour in (("grey", (90, 90, 90)), ("reds", (255, 0, 0))):
            (root / name).mkdir()
            for number in range(3):
                Image.new("RGB", (16, 16), colour).save(root / name / f"{number}.png")
        grey, reds = measure(Options(str(model), (str(root / "grey"), str(root / "reds"))))
        self.assertEqual((grey.images, grey.known_kept, grey.foreign_rejected), (3, 0.95, 1.0))
        self.assertEqual(reds.foreign_rejected, 0.0)

        predictor = Predictor.of(model)
        image = np.full((16, 16, 3), 90, np.uint8)
        self.assertStartsWith(predictor.describe(image, top=1), "unknown  ")
        image[..., 1] = image[..., 2] = 0
        image[..., 0] = 255
        self.assertStartsWith(predictor.describe(image, top=1), "red ")

        plain = dataclasses.replace(report, rejection=None)
        (model / "report.json").write_text(json.dumps(plain.to_json()))
        with self.assertRaisesRegex(ExportError, "has no limits to what it knows"):
            measure(Options(str(model), (str(root / "grey"),)))


if __name__ == "__main__":
    tf.test.main()
