import dataclasses
import json
import re
from pathlib import Path

import tensorflow as tf
from absl.testing import parameterized

from tests.tflite_export.full_report import REPORT
from tflite_export.common.errors import TofaError
from tflite_export.exporting.export_report import ExportReport
from tflite_export.input_spec import InputSpec
from tflite_export.runtimes.verify import Verification

_BUILD = Path(__file__).parents[3] / "BUILD.md"


class ExportReportTest(tf.test.TestCase, parameterized.TestCase):
    def test_what_is_written_comes_back_equal(self):
        for report in (REPORT, dataclasses.replace(REPORT, input_spec=None, boards=(), npus=())):
            text = json.dumps(report.to_json())
            self.assertEqual(ExportReport.from_json(json.loads(text)), report)

    def test_records_are_frozen_all_the_way_down(self):
        waiting, seen = [REPORT], 0
        while waiting:
            record = waiting.pop()
            for field in dataclasses.fields(record):
                with self.assertRaises(dataclasses.FrozenInstanceError):
                    setattr(record, field.name, None)
                value = getattr(record, field.name)
                members = value if isinstance(value, tuple) else (value,)
                self.assertNotIsInstance(value, list)
                waiting += [one for one in members if dataclasses.is_dataclass(one)]
            seen += 1
        self.assertGreater(seen, 10)

    @parameterized.parameters(
        ({"format": 1}, "format 1, where this version reads format 3: export the model again"),
        ({"macs": "many"}, "macs is 'many'; wanted a whole number"),
        ({"verification": {}}, "the field 'verification.task' is missing"),
        ({"colour": 1}, "unknown field 'colour'"),
    )
    def test_other_formats_and_damage_are_named(self, changes, message):
        with self.assertRaisesRegex(TofaError, message):
            ExportReport.from_json({**REPORT.to_json(), **changes})

    @parameterized.parameters(
        (ExportReport, "report.json of an export"),
        (Verification, "verification"),
        (InputSpec, "input_spec"),
    )
    def test_build_md_has_every_field_once(self, record, title):
        section = _BUILD.read_text(encoding="utf-8").partition(f"\n### {title}\n")[2]
        rows = re.findall(r"^\| (`.*?) \|", section.partition("\n#")[0], re.MULTILINE)
        documented = [name for row in rows for name in re.findall(r"`(\w+)`", row)]
        fields = [field.name for field in dataclasses.fields(record)]
        self.assertCountEqual(documented, fields)


if __name__ == "__main__":
    tf.test.main()
