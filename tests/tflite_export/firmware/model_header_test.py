import re

import numpy as np
from absl.testing import absltest

from tests.tflite_export.firmware.facts import facts_of
from tflite_export.firmware.model_header import quantisation_table
from tflite_export.input_spec import image_spec
from tflite_export.task import OutputRule, Task


def _tables(text: str) -> np.ndarray:
    body = text[text.index("= {") : text.index("};")]
    return np.array(re.findall(r"-?\d+", body), int).reshape(-1, 256)


class ModelHeaderTest(absltest.TestCase):
    def test_pixels_from_minus_one_to_one_are_shifted(self):
        (table,) = _tables(quantisation_table(facts_of(image_spec(4, 4))))
        self.assertEqual(table.tolist(), list(range(-128, 128)))

    def test_a_table_for_each_channel_that_is_normalised_by_itself(self):
        spec = image_spec(4, 4, mean=(0.0, 128.0, 255.0), std=(128.0,))
        tables = _tables(quantisation_table(facts_of(spec)))
        self.assertEqual(tables[:, 0].tolist(), [0, -128, -128])
        self.assertEqual(tables[:, 255].tolist(), [127, 127, 0])

    def test_a_decision_of_one_column_has_two_scores(self):
        names = ("no", "yes")
        rule = OutputRule(Task.BINARY, 0.5)
        facts = facts_of(image_spec(4, 4), names, rule=rule, columns=1)
        self.assertEqual((facts.score_count, facts.labels), (2, names))
        self.assertEqual(facts_of(image_spec(4, 4), names).labels, ("0", "1", "2"))


if __name__ == "__main__":
    absltest.main()
