import functools
import pathlib
from unittest import mock

import keras
import numpy as np
import tensorflow as tf
from absl.testing import parameterized
from PIL import Image

from tests.tflite_export.other_models import conv1d, dense, random_inputs
from tests.tflite_export.trained_models import linear_classifier, tinted_digits
from tflite_export.common.errors import ExportError
from tflite_export.convert.outputs import outputs_of
from tflite_export.exporting import run_export as run_export_module
from tflite_export.exporting.export_folder import read_report
from tflite_export.exporting.export_job import TASKS, ExportJob
from tflite_export.exporting.export_summary import normalisation_doubt, summary
from tflite_export.exporting.run_export import ExportResult, run_export
from tflite_export.input_spec import InputSpec, image_spec
from tflite_export.task import Task

layers = keras.layers


class RunExportTest(tf.test.TestCase, parameterized.TestCase):
    def setUp(self):
        super().setUp()
        self.folder = pathlib.Path(self.get_temp_dir())

    def _digits(self, count: int = 300, names: str = "abcdefghij") -> pathlib.Path:
        """Writes labelled images that no model was trained on, one sub-folder a class."""
        folder = self.folder / "digits"
        pixels, classes = tinted_digits()
        for name in names:
            (folder / name).mkdir(parents=True)
        for number in range(1000, 1000 + count):
            name = names[classes[number] % len(names)]
            Image.fromarray(pixels[number]).save(folder / name / f"{number}.png")
        return folder

    def _run(self, model: keras.Model, **settings) -> ExportResult:
        model.save(self.folder / "m.keras")
        given = {"output": self.folder / "out", "overwrite": True} | settings
        return run_export(ExportJob.make({"model": self.folder / "m.keras"} | given))

    def test_net_of_pixels_by_255_exported_with_defaults_is_doubted(self):
        digits = self._digits()
        run = functools.partial(
            self._run, linear_classifier(0, 255), representative=digits, test=digits
        )
        result = run()
        better, checked = result.better, result.report.verification
        # Int8 and float model agree, which is what made this look verified.
        self.assertGreater(checked.int8_agreement, 0.95)
        self.assertLess(checked.float_accuracy, 0.8)
        self.assertAllClose(checked.float_accuracy, better.given_accuracy)
        doubt = normalisation_doubt(better, flags=True)
        self.assertRegex(
            doubt,
            rf"gets {better.accuracy:.1%} of 300 test images right with --mean=0 --std=255 "
            rf"--colour=rgb, and {better.given_accuracy:.1%} as exported",
        )
        mended = run(mean="0", std="255", colour="rgb")
        self.assertIsNone(mended.better)
        self.assertAllClose(mended.report.verification.float_accuracy, better.accuracy)
        self.assertGreater(mended.report.verification.int8_accuracy, better.given_accuracy)
        self.assertEqual(mended.report.class_names, tuple("abcdefghij"))
        self.assertEqual(mended.report.input_spec, image_spec(8, 8, mean=(0.0,), std=(255.0,)))
        self.assertEqual(mended.report.recipe["test"], "digits")
        rejection = mended.report.rejection
        self.assertLen(rejection.limits, 10)
        self.assertBetween(rejection.kept, 0.9, 1.0)
        self.assertIn(f"known classes keep {rejection.kept:.1%}", summary(mended.report))
        self.assertEqual(read_report(self.folder / "out"), mended.report)
        accuracy = mended.report.verification.float_accuracy
        error = 100 * (accuracy * (1 - accuracy) / 300) ** 0.5
        self.assertIn(
            f"accuracy on 300 test inputs: float {accuracy:.1%} +- {error:.1f}, int8",
            summary(mended.report),
        )

    def test_classes_of_the_folder_have_to_be_those_of_the_model(self):
        digits = self._digits(20, "abc")
        run = functools.partial(
            self._run, linear_classifier(0, 255), representative=digits, test=digits
        )
        with self.assertRaisesRegex(
            ExportError, r"3 classes \(a, b, c\), the model tells 10: give"
        ):
            run()
        with self.assertRaisesRegex(ExportError, "class_names has 2 classes"):
            run(class_names="c,a")
        self.assertFalse((self.folder / "out").exists())
        names = "b,x0,x1,x2,x3,x4,x5,x6,a,c"
        report = run(class_names=names).report
        self.assertEqual(report.class_names, tuple(names.split(",")))
        self.assertIsNotNone(report.verification.float_accuracy)

    def test_windows_from_numpy_files(self):
        model = conv1d()
        raw = random_inputs(model) * 5 + 2
        labels = outputs_of(model, (raw - 2) / 5).argmax(axis=1)
        np.save(self.folder / "windows.npy", raw)
        np.savez(self.folder / "test.npz", inputs=raw, labels=labels)
        report = self._run(
            model,
            representative=self.folder / "windows.npy",
            test=self.folder / "test.npz",
            mean=(2.0,),
            std=(5.0, 5.0, 5.0),
            firmware="make",
            boards="nano33ble",
        ).report
        expected = InputSpec((64, 3), mean=(2.0,), std=(5.0, 5.0, 5.0))
        self.assertEqual((report.input_spec, report.class_names), (expected, ()))
        self.assertEqual(report.verification.float_accuracy, 1.0)
        self.assertTrue((self.folder / "out" / "firmware" / "make" / "Makefile").exists())

    def test_export_appears_with_all_its_firmware_or_not_at_all(self):
        model = dense(3)
        np.save(self.folder / "values.npy", random_inputs(model))
        run = functools.partial(
            self._run, model, representative=self.folder / "values.npy", firmware="make,pico"
        )
        write = run_export_module.write_firmware

        def write_one(place, platform, *arguments, **others):
            if platform == "pico":
                raise ExportError("stopped here")
            write(place, platform, *arguments, **others)

        with (
            mock.patch.object(run_export_module, "write_firmware", write_one),
            self.assertRaisesRegex(ExportError, "stopped here"),
        ):
            run()
        self.assertFalse((self.folder / "out").exists())
        run()
        # What somebody changed in a project stays as long as the model does.
        edited = self.folder / "out" / "firmware" / "pico" / "README.md"
        edited.write_text("mine")
        run()
        self.assertEqual(edited.read_text(), "mine")
        self.assertTrue((self.folder / "out" / "firmware" / "make" / "Makefile").exists())

    def test_floats_are_taken_as_they_are_and_integers_too_where_they_are_no_pixels(self):
        model = dense(1)
        floats = random_inputs(model)
        for name, values in (("f.npy", floats), ("i.npy", (100 * floats).astype(np.int16))):
            np.save(self.folder / name, values)
            report = self._run(model, representative=self.folder / name).report
            self.assertEqual(report.input_spec, InputSpec((40,)))
            self.assertEqual(report.verification.task, Task.REGRESSION)
            self.assertAllClose(report.input_scale, np.ptp(values.astype(float)) / 255, rtol=0.01)
        self.assertRegex(
            summary(report), r"regression: outputs of int8 and float model differ by [\d.]+ in the "
            r"mean, [\d.]+ at most \([\d.]+ and [\d.]+ steps of int8\)",
        )  # fmt: skip

    def test_decisions(self):
        model = dense(1, "sigmoid")
        inputs = random_inputs(model)
        labels = (outputs_of(model, inputs)[:, 0] > 0.5).astype(int)
        np.savez(self.folder / "test.npz", inputs=inputs, labels=labels)
        path = self.folder / "test.npz"
        report = self._run(model, representative=path, test=path, class_names="no,yes").report
        self.assertEqual(
            (report.verification.task, report.class_names), (Task.BINARY, ("no", "yes"))
        )
        self.assertIn("binary: decisions of int8 and float model equal on", summary(report))
        self.assertIn("float 100.0% +- 0.0", summary(report))

    def test_model_that_rescales_gets_pixels(self):
        digits = self._digits(20)
        plain = linear_classifier(0, 255)
        model = keras.Sequential(
            [layers.Input((8, 8, 3)), layers.Rescaling(1 / 255), *plain.layers]
        )
        report = self._run(model, representative=digits).report
        self.assertEqual(report.input_spec, image_spec(8, 8, mean=(0.0,), std=(1.0,)))
        self.assertAllClose(report.input_scale, 1.0, rtol=0.02)

    def test_tasks_that_may_be_said(self):
        self.assertEqual(TASKS, tuple(Task))


if __name__ == "__main__":
    tf.test.main()
