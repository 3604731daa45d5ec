"""An export's report with something in every field."""

from tflite_export.convert.quantization_report import Answers, QuantizationReport
from tflite_export.convert.quantization_settings import Method
from tflite_export.devices.board_report import BoardReport
from tflite_export.devices.fit import BoardFit
from tflite_export.devices.latency import LatencyEstimate, OpLatency
from tflite_export.devices.memory import Memory
from tflite_export.exporting.export_report import FORMAT, ExportReport
from tflite_export.input_spec import image_spec
from tflite_export.pack.repack import Level, Packing
from tflite_export.runtimes.vela import NpuReport
from tflite_export.runtimes.verify import Verification
from tflite_export.task import Task

_NPU = NpuReport(
    "ethos-u55-64", "a system", "model_vela.tflite", 900, 700, 4096, 1234, 400.0, 0.003085, 0.9,
    {"RESHAPE": 1},
)  # fmt: skip
REPORT = ExportReport(
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
