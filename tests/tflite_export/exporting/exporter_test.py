import hashlib
import json
import pathlib
import shutil
import tempfile

import keras
import numpy as np
import tensorflow as tf

from tests.tflite_export.models import mobile_net, random_images
from tflite_export.common.errors import ExportError
from tflite_export.common.folders import MARKER
from tflite_export.convert.quantization_settings import Method, QatSettings, Quantization
from tflite_export.exporting.export_folder import read_report
from tflite_export.exporting.export_settings import (
    CalibrationData,
    ExportSettings,
    VerificationData,
)
from tflite_export.exporting.exporter import export_model
from tflite_export.input_spec import InputSpec, image_spec
from tflite_export.runtimes.tflm import TflmRuntime
from tflite_export.task import Task

layers = keras.layers
_FILES = [
    *(".tofa.json", "labels.txt", "model_data.cc", "model_data.h", "model_int8.tflite"),
    *("preprocessing.json", "report.json"),
]


class ExportModelTest(tf.test.TestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.model = mobile_net(keras, widths=(8, 12))
        cls.representative = random_images(30)
        cls.images = random_images(40, seed=9)
        cls.labels = np.asarray(cls.model(cls.images, training=False)).argmax(axis=1)
        cls.tflm = TflmRuntime().__enter__()
        cls.addClassCleanup(cls.tflm.__exit__)
        # By all defaults, for tests that look at it or work on a copy.
        cls.exported = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory())) / "out"
        calibration = CalibrationData(cls.representative)
        cls.report = export_model(cls.model, calibration, cls.exported, tflm=cls.tflm)

    def setUp(self):
        super().setUp()
        self.folder = pathlib.Path(self.get_temp_dir()) / "out"

    def _export(self, model=None, images=None, labels=None, overwrite=False, **settings):
        return export_model(
            model or self.model,
            CalibrationData(self.representative),
            self.folder,
            verification=None if images is None else VerificationData(images, labels),
            settings=ExportSettings(**settings),
            tflm=self.tflm,
            overwrite=overwrite,
        )

    def test_writes_files_and_a_report_that_describes_them(self):
        spec = image_spec(16, 16, augmentations=("flip",))
        report = self._export(
            images=self.images,
            labels=self.labels,
            recipe={"seed": 3, "sizes": (1, 2)},
            input_spec=spec,
            class_names=("a", "b", "c", "d\nd", "e"),
        )
        self.assertEqual(sorted(path.name for path in self.folder.iterdir()), _FILES)
        tflite = (self.folder / "model_int8.tflite").read_bytes()
        self.assertEqual(report.sha256, hashlib.sha256(tflite).hexdigest())
        self.assertEqual(report.tflite_bytes, len(tflite))
        written = json.loads((self.folder / "report.json").read_text())
        self.assertEqual(written, json.loads(json.dumps(report.to_json())))
        self.assertEqual(written["recipe"], {"seed": 3, "sizes": [1, 2]})
        self.assertEqual(written["verification"]["task"], "classification")
        self.assertEqual(read_report(self.folder), report)
        self.assertEqual((report.input_spec, report.class_names[4]), (spec, "e"))
        self.assertEqual((self.folder / "labels.txt").read_text(), "a\nb\nc\nd d\ne\n")
        preprocessing = json.loads((self.folder / "preprocessing.json").read_text())
        self.assertEqual(InputSpec.from_json(preprocessing["input_spec"]), spec)
        self.assertEqual(preprocessing["input"]["scale"], report.input_scale)
        self.assertEqual(preprocessing["class_names"][3], "d\nd")
        self.assertEqual(written["verification"]["float_accuracy"], 1.0)
        self.assertEqual(written["versions"]["tensorflow"], tf.__version__)
        self.assertEqual(written["memory"]["tflite_bytes"], len(tflite))
        self.assertEqual(written["input_shape"], [1, 16, 16, 3])

    def test_macs_equal_those_of_the_keras_layers(self):
        expected = 0
        for layer in self.model.layers:
            if isinstance(layer, layers.Dense):
                expected += layer.kernel.shape[0] * layer.kernel.shape[1]
            elif isinstance(layer, layers.DepthwiseConv2D):
                height, width, channels = layer.output.shape[1:]
                expected += height * width * channels * 9
            elif isinstance(layer, layers.Conv2D):
                height, width, channels = layer.output.shape[1:]
                expected += height * width * int(np.prod(layer.kernel.shape))
        self.assertEqual(self.report.macs, expected)

    def test_trained_model_is_reported_beside_post_training_quantisation(self):
        asked = Quantization(Method.QAT, qat=QatSettings(steps=2, batch=8))
        made = self._export(images=self.images, labels=self.labels, quantization=asked).quantization
        self.assertEqual((made.method, made.used, made.qat_steps), (Method.QAT, Method.QAT, 2))
        self.assertEqual(made.float_accuracy, 1.0)
        for answers in (made.ptq, made.qat):
            # The labels are the float model's own answers.
            self.assertEqual(answers.accuracy, answers.agreement)
        written = json.loads((self.folder / "report.json").read_text())
        self.assertEqual(written["quantization"]["qat"]["accuracy"], made.qat.accuracy)
        self.assertIn("tensorflow-model-optimization", written["versions"])

    def test_without_images_the_representative_ones_are_verified(self):
        verification = self.report.verification
        self.assertEqual(verification.examples, len(self.representative))
        self.assertIsNone(verification.float_accuracy)
        self.assertIsNone(verification.int8_accuracy)

    def test_same_model_same_files(self):
        self.assertEqual(self.report, self._export())
        # The report has a time in it; without names there are no labels.
        for name in set(_FILES) - {"report.json", "labels.txt"}:
            made = (self.folder / name).read_bytes()
            self.assertEqual(made, (self.exported / name).read_bytes(), name)

    def test_model_for_no_board_is_not_written(self):
        inputs = layers.Input((16, 16, 3))
        x = layers.Activation("gelu", name="my_gelu")(layers.Conv2D(4, 3)(inputs))
        model = keras.Model(inputs, layers.Dense(2)(layers.Flatten()(x)))
        with self.assertRaisesRegex(ExportError, "no op GELU.*my_gelu"):
            self._export(model)
        self.assertEqual(list(self.folder.parent.iterdir()), [])

    def test_folder_that_exists_is_kept(self):
        shutil.copytree(self.exported, self.folder)
        before = (self.folder / "report.json").stat().st_mtime_ns
        with self.assertRaisesRegex(ExportError, "exists"):
            self._export()
        self.assertEqual((self.folder / "report.json").stat().st_mtime_ns, before)

    def test_earlier_export_is_told_from_a_run(self):
        shutil.copytree(self.exported, self.folder)
        (self.folder / MARKER).unlink()
        self._export(overwrite=True)
        (self.folder / MARKER).unlink()
        (self.folder / "report.json").write_text('{"format": 1, "dataset": "photos"}')
        (self.folder / "checkpoint.npz").write_text("hours of training")
        with self.assertRaisesRegex(ExportError, "holds no export"):
            self._export(overwrite=True)
        self.assertTrue((self.folder / "checkpoint.npz").exists())

    def test_labels_of_another_number(self):
        with self.assertRaisesRegex(ExportError, "3 labels for 40 inputs"):
            self._export(images=self.images, labels=self.labels[:3])

    def test_images_of_another_size(self):
        with self.assertRaisesRegex(ExportError, "inputs to verify with are"):
            self._export(images=random_images(4, 8))

    def test_spec_of_another_size(self):
        with self.assertRaisesRegex(ExportError, r"of inputs \(8, 8, 3\); the model's are \(16, "):
            self._export(input_spec=image_spec(8, 8))

    def test_without_a_runtime_one_is_started(self):
        report = export_model(self.model, CalibrationData(self.representative), self.folder)
        self.assertEqual(report, self.report)

    def test_settings_take_texts_and_lists(self):
        settings = ExportSettings(task="binary", repack_level="none", npus=["ethos-u55-64"])
        self.assertIs(settings.task, Task.BINARY)
        self.assertEqual(settings.npus, ("ethos-u55-64",))
        for bad, message in (
            ({"task": "guess"}, "no task 'guess'; choose one of auto, classification, binary, reg"),
            ({"repack_level": "much"}, "no repacking level 'much'"),
            ({"tflm_examples": 0}, "tflm_examples=0: at least 1"),
        ):
            with self.assertRaisesRegex(ExportError, message):
                ExportSettings(**bad)


if __name__ == "__main__":
    tf.test.main()
