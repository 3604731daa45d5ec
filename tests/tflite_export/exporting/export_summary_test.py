import dataclasses

from absl.testing import absltest

from tests.tflite_export.full_report import REPORT
from tflite_export.convert.layer_noise import LayerNoise
from tflite_export.exporting.export_summary import normalisation_doubt, summary
from tflite_export.exporting.normalisation_check import BetterNormalisation
from tflite_export.input_spec import InputSpec, image_spec
from tflite_export.task import Task


class SummaryTest(absltest.TestCase):
    def test_every_figure_that_matters(self):
        text = summary(REPORT)
        for line in (
            "0.0568 MMACs, flash 1.2 KiB, arena 4.0 KiB in TFLite Micro",
            "repacking (tflm_only): 2.3 to 1.2 KiB, 2 dead channels removed",
            "input: (pixel - [0.1, 0.333333, 7]) / [128], bgr, centre",
            "quantization: qat (95.0% with ptq); ptq is estimated to lose 1.25 points",
            "binary: decisions of int8 and float model equal on 99.0% of 40 inputs; LiteRT and "
            "TFLite Micro differ by 1 LSB at most",
            "accuracy on 40 test inputs: float 90.0% +- 4.7, int8 90.0% +- 4.7",
            "estimate 1.5 ms +- 0.38 ms on own; fits",
        ):
            self.assertIn(f"{line}\n", f"{text}\n")
        self.assertIn("ethos-u55-64 at 400 MHz: estimate", text)

    def test_what_int8_does_to_the_layers(self):
        sound = LayerNoise(
            "conv", "CONV_2D", 48.0, 40.0, 30.0, 0.0, 1.0, 0.7, 8, 0, 0, 3, 1.5, 2, 1.2, 2.0
        )
        clipped = dataclasses.replace(sound, layer="stem", saturated=0.25)

        def text(*layers: LayerNoise) -> str:
            quantization = dataclasses.replace(REPORT.quantization, layers=layers)
            return summary(dataclasses.replace(REPORT, quantization=quantization))

        self.assertIn("\nint8 leaves 30 dB to the output; no layer stands out\n", text(sound))
        self.assertIn("\nint8 loses most in stem: 25.0% of its values lie", text(sound, clipped))
        many = text(*([clipped] * 5))
        self.assertEqual(many.count("loses most in stem"), 3)
        self.assertIn("\nand in 2 more layers\n", many)

    def test_numbers(self):
        checked = dataclasses.replace(
            REPORT.verification, task=Task.REGRESSION, int8_agreement=None, float_accuracy=None
        )
        text = summary(dataclasses.replace(REPORT, verification=checked, input_spec=None))
        self.assertIn(
            "regression: outputs of int8 and float model differ by 0.001 in the mean, 0.01 at most "
            "(0.26 and 2.6 steps of int8)",
            text,
        )
        self.assertIn("\ninput: as given\n", text)
        self.assertNotIn("accuracy", text)

    def test_doubt_names_flags_or_arguments_in_full(self):
        spec = image_spec(8, 8, "bgr", mean=(103.939, 116.779, 123.68), std=(1.0,))
        better = BetterNormalisation(spec, 0.97, 0.917, 0.0125, 300)
        doubt = normalisation_doubt(better, flags=True)
        self.assertEqual(
            doubt,
            "the float model gets 97.0% of 300 test images right with "
            "--mean=103.939,116.779,123.68 --std=1 --colour=bgr, and 91.7% as exported (the "
            "difference has a standard error of 1.2 points): it was probably trained so; export "
            "again with these flags",
        )
        named = normalisation_doubt(better)
        self.assertIn(
            "with mean=(103.939, 116.779, 123.68), std=(1.0,), colour='bgr', and 91.7% as", named
        )
        self.assertEndsWith(named, "probably trained so; export again with such an input_spec")
        grey = InputSpec((8, 8, 2), crop="centre", resize="bilinear_antialiased")
        self.assertNotIn("colour", normalisation_doubt(BetterNormalisation(grey, 1, 0, 0.1, 9)))


if __name__ == "__main__":
    absltest.main()
