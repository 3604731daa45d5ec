import dataclasses
import json
import re
from pathlib import Path

import tensorflow as tf
from absl.testing import parameterized

from tflite_export.common.errors import TofaError
from tflite_export.convert.quantization_report import Answers, QuantizationReport
from tflite_export.convert.quantize_model import Method
from tflite_export.devices.board_report import BoardReport
from tflite_export.devices.fit import BoardFit
from tflite_export.devices.latency import LatencyEstimate, OpLatency
from tflite_export.devices.memory import Memory
from tflite_export.export_report import FORMAT, ExportReport
from tflite_export.input_spec import InputSpec, image_spec
from tflite_export.pack.repack import Level, Packing
from tflite_export.runtimes.vela import NpuReport
from tflite_export.runtimes.verify import Verification
from tflite_export.task import Task

_BUILD = Path(__file__).parents[2] / "BUILD.md"
_NPU = NpuReport(
    "ethos-u55-64", "a system", "model_vela.tflite", 900, 700, 4096, 1234, 400.0, 0.003085, 0.9,
    {"RESHAPE": 1},
)  # fmt: skip
_REPORT = ExportReport(
    format=FORMAT,
    sha256="ab" * 32,
    tflite_bytes=1234,
    macs=56_789,
    ops={"CONV_2D": 3, "LOGISTIC": 1},
    input_shape=(1, 16, 16, 3),
    input_scale=0.0078125,
    input_zero_point=0,
    output_shape=(1, 1),
    output_scale=1 / 256,
    output_zero_point=-128,
    input_spec=image_spec(16, 16, "bgr", mean=(0.1, 1 / 3, 7.0), augmentations=("flip",)),
    class_names=("no", "yes"),
    memory=Memory(1234, 4096, 3000, 5120),
    packing=Packing(Level.TFLM_ONLY, 2345, 2),
    quantization=QuantizationReport(
        Method.AUTO, Method.QAT, 0.5, 1.25, 0.9,
        Answers(0.85, 0.95, 0.01), Answers(0.9, 0.99, 0.001), 150, 12.5,
    ),
    verification=Verification(
        Task.BINARY, 0.5, 40, 40, 0.9, 0.9, 0.9, "tflm", 0.9, 0.99, 0.01, 0.001, 2.56, 0.256,
        1.0, 1, 0.05, None, 0.125, 4096, 1024, 3072,
    ),
    boards=(
        BoardReport(
            BoardFit("own", 80_000, 100_000, 4000, 64_000),
            LatencyEstimate("own", 1.5, 0.25, (OpLatency("CONV_2D", (1, 8, 8), 999, 1.5, True),)),
            _NPU,
            10.0,
        ),
        BoardReport(BoardFit("other", 1, 2, 3, 4), LatencyEstimate("other", 0.5, 0.5, ())),
    ),
    npus=(_NPU,),
    versions={"keras": "3"},
    recipe={"seed": 3, "arch": {"depths": [1, 2]}, "none": None},
)  # fmt: skip


class ExportReportTest(tf.test.TestCase, parameterized.TestCase):
    def test_what_is_written_comes_back_equal(self):
        for report in (_REPORT, dataclasses.replace(_REPORT, input_spec=None, boards=(), npus=())):
            text = json.dumps(report.to_json())
            self.assertEqual(ExportReport.from_json(json.loads(text)), report)

    def test_records_are_frozen_all_the_way_down(self):
        waiting, seen = [_REPORT], 0
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
        ({"format": 1}, "format 1, where this version reads format 2: export the model again"),
        ({"macs": "many"}, "macs is 'many'; wanted a whole number"),
        ({"verification": {}}, "the field 'verification.task' is missing"),
        ({"colour": 1}, "unknown field 'colour'"),
    )
    def test_other_formats_and_damage_are_named(self, changes, message):
        with self.assertRaisesRegex(TofaError, message):
            ExportReport.from_json({**_REPORT.to_json(), **changes})

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
