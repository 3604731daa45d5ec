from absl.testing import absltest, parameterized

from tflite_export.common.errors import UserError
from tflite_export.common.settings import keys_of, with_new_names
from tflite_export.exporting.export_job import ExportJob
from tflite_export.input_spec import CHANNELS, CROPS

_NEEDED = {"model": "m.keras", "representative": "photos", "output": "out"}


class ExportJobTest(parameterized.TestCase):
    def _make(self, **given) -> ExportJob:
        return ExportJob.make({**_NEEDED, **given})

    def test_three_things_are_needed_and_no_more(self):
        job = self._make()
        self.assertEqual((job.model, job.representative, job.output), ("m.keras", "photos", "out"))
        self.assertEqual(
            (job.test, job.overwrite, job.inputs, job.mean, job.std), ("", False, 100, (), ())
        )
        self.assertEqual(
            (job.crop, job.task, job.repack, job.colour), ("centre", "auto", "lossless", "")
        )
        for name in _NEEDED:
            given = {key: value for key, value in _NEEDED.items() if key != name}
            with self.assertRaisesRegex(UserError, f"^{name} is missing: "):
                ExportJob.make(given)

    def test_texts_of_a_command_line_become_values(self):
        job = self._make(
            mean="123.7,116.3,103.5",
            std="58",
            class_names="cat,dog",
            firmware="make,pico",
            inputs="20",
            overwrite="true",
            quantization="qat",
        )
        self.assertEqual((job.mean, job.std), ((123.7, 116.3, 103.5), (58.0,)))
        self.assertEqual((job.class_names, job.firmware), (("cat", "dog"), ("make", "pico")))
        self.assertEqual((job.inputs, job.overwrite, job.int8.quantization), (20, True, "qat"))

    def test_the_older_name_of_inputs(self):
        values = with_new_names({**_NEEDED, "images": 7}, keys_of(ExportJob))
        self.assertEqual(ExportJob.make(values).inputs, 7)

    @parameterized.parameters(
        ({"inputs": 0}, "inputs is 0: it must be at least 1"),
        ({"std": "1,0"}, "std is .*: it must be above 0"),
        ({"mean": "dark"}, "mean is 'dark'"),
        ({"colour": "yuv"}, "colour is 'yuv': available: bgr, grey, rgb"),
        ({"crop": "middle"}, "crop is 'middle': available: centre, stretch"),
        ({"task": "guess"}, "task is 'guess': available: auto, binary, classification, regression"),
        ({"repack": "much"}, "repack is 'much': available: lossless, none, tflm_only"),
        ({"tolerance": 101}, "tolerance is 101"),
    )
    def test_refused(self, given, message):
        with self.assertRaisesRegex(UserError, message):
            self._make(**given)

    def test_every_colour_and_crop_of_an_input_may_be_asked_for(self):
        for colour in CHANNELS:
            self.assertEqual(self._make(colour=colour).colour, colour)
        for crop in CROPS:
            self.assertEqual(self._make(crop=crop).crop, crop)


if __name__ == "__main__":
    absltest.main()
