import dataclasses
import json
import re
from pathlib import Path

import tensorflow as tf
from absl.testing import parameterized

from tests.tofa_tf.deploy.results_for_tests import ON_BOARD, REPORT, RESULT
from tflite_export.common.errors import TofaError
from tofa_tf.deploy.results import BoardResult, RunReport, ScenarioResult

_BUILD = Path(__file__).parents[3] / "BUILD.md"


class ResultsTest(tf.test.TestCase, parameterized.TestCase):
    def test_what_is_written_comes_back_equal(self):
        for record in (RESULT, ON_BOARD, REPORT):
            text = json.dumps(record.to_json())
            self.assertEqual(type(record).from_json(json.loads(text)), record)

    def test_no_figure_is_written_twice(self):
        data = RESULT.to_json()
        self.assertEqual(RESULT.int8_accuracy, data["verification"]["int8_accuracy"])
        self.assertEqual(RESULT.float_accuracy, data["verification"]["float_accuracy"])
        self.assertEqual(RESULT.arena_bytes, data["verification"]["arena_bytes"])
        self.assertEqual(RESULT.pc_ms, 0.123)
        for name in ("int8_accuracy", "float_accuracy", "arena_bytes", "pc_ms"):
            self.assertNotIn(name, data)

    @parameterized.parameters(
        ({"format": 1}, "format 1, where this version writes and reads format 3"),
        ({"format": None}, "format None, where this version"),
        ({"macs": "many"}, "macs is 'many'; wanted a whole number"),
        ({"arch": {"resolution": 32}}, "arch: not an Arch"),
        ({"asked": []}, "asked is .*; wanted the fields of an Asked"),
    )
    def test_other_formats_and_damage_are_named(self, changes, message):
        with self.assertRaisesRegex(TofaError, message):
            ScenarioResult.from_json({**RESULT.to_json(), **changes})

    def test_a_damaged_scenario_of_a_report_is_named(self):
        data = json.loads(json.dumps(REPORT.to_json()))
        del data["scenarios"][1]["board"]["fit"]["flash_used"]
        with self.assertRaisesRegex(
            TofaError, r"scenarios\[1\]: the field 'board.fit.flash_used' is"
        ):
            RunReport.from_json(data)


class SchemaTest(tf.test.TestCase, parameterized.TestCase):
    """BUILD.md documents the fields that there are, and no others."""

    @parameterized.parameters(
        (RunReport, "report.json"), (ScenarioResult, "scenario.json"), (BoardResult, "board")
    )
    def test_build_md_has_every_field_once(self, record, title):
        section = _BUILD.read_text(encoding="utf-8").partition(f"\n### {title}\n")[2]
        rows = re.findall(r"^\| (`.*?) \|", section.partition("\n#")[0], re.MULTILINE)
        documented = [name for row in rows for name in re.findall(r"`(\w+)`", row)]
        self.assertEqual(documented, [field.name for field in dataclasses.fields(record)])


if __name__ == "__main__":
    tf.test.main()
