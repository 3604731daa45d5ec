"""What generated C says of a model."""

import dataclasses
import subprocess
import unittest

from absl.testing import absltest, parameterized

from tests.tflite_export.firmware.facts import facts_of
from tests.tflite_export.firmware.native import C_COMPILER, STRICT, temporary_folder
from tflite_export.firmware.model_library import library_files, preprocessing_files
from tflite_export.input_spec import InputSpec, image_spec
from tflite_export.rejection import Rejection
from tflite_export.task import CLASSIFICATION, OutputRule, Task

_PROGRAM = """
#include <stdio.h>
#include "model.h"
int main(void) {
  const float mean[] = MODEL_MEAN, std[] = MODEL_STD;
  const char *const labels[MODEL_SCORES] = MODEL_LABELS;
  printf("%s ", labels[2]);
  printf("%d %d %d %s %s %d %d %g %d %g %d %d %d %g %g", MODEL_HEIGHT, MODEL_WIDTH, MODEL_CHANNELS,
         MODEL_COLOUR, MODEL_CROP, MODEL_INPUT_SIZE, MODEL_SCORES, (double)MODEL_INPUT_SCALE,
         MODEL_INPUT_ZERO_POINT, (double)MODEL_OUTPUT_SCALE, MODEL_OUTPUT_ZERO_POINT,
         (int)MODEL_ARENA_BYTES, (int)(sizeof(mean) / sizeof(mean[0])), (double)mean[1],
         (double)std[0]);
  return 0;
}
"""


class ModelLibraryTest(parameterized.TestCase):
    @unittest.skipUnless(C_COMPILER, "there is no C compiler (gcc or clang)")
    def test_constants(self):
        spec = image_spec(20, 30, "bgr", mean=(1.5, 2.5, 3.5), std=(64.0,))
        facts = facts_of(spec, input_scale=0.5, input_zero_point=-7)
        folder = temporary_folder(self)
        for name, text in preprocessing_files(facts):
            (folder / name).write_text(text)
        (folder / "main.c").write_text(_PROGRAM)
        command = [C_COMPILER, "-std=c99", *STRICT, "main.c", "-o", "main"]
        subprocess.run(command, cwd=folder, check=True)
        printed = subprocess.run([folder / "main"], check=True, capture_output=True, text=True)
        expected = "perhaps 20 30 3 bgr centre 1800 3 0.5 -7 0.25 -3 5000 3 2.5 64"
        self.assertEqual(printed.stdout, expected)

    @parameterized.parameters(
        (CLASSIFICATION, 3, 3, "std::exp(Output(i) - largest)"),
        (OutputRule(Task.BINARY, 0.5), 1, 2, "scores[1] = Output(0)"),
        (OutputRule(Task.BINARY, 0.0), 1, 2, "1.0f + std::exp(-Output(0))"),
        (OutputRule(Task.BINARY, 0.5), 4, 4, "scores[i] = Output(i)"),
        (OutputRule(Task.REGRESSION), 2, 2, "scores[i] = Output(i)"),
    )
    def test_scores_are_the_answers_that_a_model_can_give(self, rule, columns, scores, formula):
        facts = facts_of(image_spec(4, 4), rule=rule, columns=columns)
        files = dict(library_files(facts, b"model"))
        self.assertIn(f"#define MODEL_SCORES {scores}\n", files["model.h"])
        self.assertIn(formula, files["model.cc"])

    def test_labels(self):
        named = dict(library_files(facts_of(image_spec(4, 4)), b""))["model.h"]
        self.assertIn('MODEL_LABELS { \\\n  "no", \\\n  "yes", \\\n  "perhaps"}\n', named)
        numbered = dict(library_files(facts_of(image_spec(4, 4), ("only",)), b""))["model.h"]
        self.assertIn('"0", \\\n  "1", \\\n  "2"}', numbered)

    def test_what_is_unknown(self):
        by_probability = Rejection((0.5, 0.25, 0.75))
        # Outputs have a scale of 0.25 and a zero point of -3.
        centres = ((1.0, 0.0, -0.5), (0.0, 2.0, 0.0), (-100.0, 0.25, 100.0))
        by_distance = Rejection((9.0, 4.0, 1.0), centres, (1.0, 2.0, 4.0))
        texts = []
        for rejection in (by_probability, by_distance, None):
            facts = dataclasses.replace(facts_of(image_spec(4, 4)), rejection=rejection)
            texts.append(dict(library_files(facts, b""))["model.h"])
        probability, distance, nothing = texts
        values = "{5.00000000e-01f, 2.50000000e-01f, 7.50000000e-01f}"
        self.assertIn(f"#define MODEL_LIMITS {values}\n", probability)
        self.assertNotIn("#define MODEL_CENTRES", probability)
        rows = "{1, -3, -5}, \\\n  {-3, 5, -3}, \\\n  {-128, -2, 127}"
        self.assertIn(f"#define MODEL_CENTRES {{ \\\n  {rows}}}\n", distance)
        values = "{6.25000000e-02f, 1.25000000e-01f, 2.50000000e-01f}"
        self.assertIn(f"#define MODEL_WEIGHTS {values}\n", distance)
        self.assertNotIn("#define MODEL_LIMITS", nothing)
        self.assertIn("int model_is_known(const float *scores);", nothing)

    def test_other_inputs_have_no_images(self):
        files = dict(library_files(facts_of(InputSpec((50, 3))), b""))
        self.assertNotIn("MODEL_COLOUR", files["model.h"])
        self.assertNotIn("preprocess_table.h", files)
        self.assertIn("model_status model_run(const float *values", files["model.h"])


if __name__ == "__main__":
    absltest.main()
