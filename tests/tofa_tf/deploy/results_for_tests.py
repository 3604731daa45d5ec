"""Records with hand-made figures, for tests of what is said of them."""

import dataclasses

from tests.tofa_tf.spaces_for_tests import stage_arch
from tflite_export.convert.quantization_report import Answers, QuantizationReport
from tflite_export.convert.quantization_settings import Method, Quantization
from tflite_export.devices.boards import load_boards
from tflite_export.devices.fit import BoardFit
from tflite_export.runtimes.vela import NpuReport
from tflite_export.runtimes.verify import Verification
from tflite_export.task import Task
from tofa_tf.deploy.asked import Asked
from tofa_tf.deploy.results import FORMAT, BoardResult, RunReport, ScenarioResult
from tofa_tf.space.arch import Arch

VERIFICATION = Verification(
    task=Task.CLASSIFICATION,
    threshold=None,
    examples=359,
    tflm_examples=359,
    float_accuracy=0.91234,
    litert_accuracy=0.9,
    tflm_accuracy=0.9,
    int8_runtime="tflm",
    int8_accuracy=0.9,
    int8_agreement=0.99,
    max_output_error=0.5,
    mean_output_error=0.1,
    max_output_error_lsb=5.0,
    mean_output_error_lsb=1.0,
    litert_tflm_agreement=1.0,
    litert_tflm_max_lsb=1,
    litert_tflm_mean_lsb=0.1,
    reference_tflm_max_lsb=0,
    pc_ms=0.123,
    arena_bytes=30_720,
    persistent_bytes=10_240,
    nonpersistent_bytes=20_480,
)
PTQ = QuantizationReport(
    method=Method.PTQ,
    used=Method.PTQ,
    tolerance=0.5,
    ptq_estimated_loss=None,
    float_accuracy=0.91234,
    ptq=Answers(0.9, 0.99, 0.1),
    qat=None,
    qat_steps=None,
    qat_seconds=None,
)
QAT = dataclasses.replace(
    PTQ,
    method=Method.AUTO,
    used=Method.QAT,
    ptq_estimated_loss=1.5,
    qat=Answers(0.91, 0.995, 0.05),
    qat_steps=150,
    qat_seconds=41.0,
)
BOARD = BoardResult(
    fit=BoardFit("rp2040", 132_096, 2016 * 1024, 30_720, 248 * 1024),
    latency_ms=450.0,
    latency_relative_error=0.35,
)
NPU = NpuReport(
    config="ethos-u55-128",
    system="Ethos_U55_High_End_Embedded",
    file="model_vela.tflite",
    tflite_bytes=600_000,
    weight_bytes=500_000,
    sram_bytes=90_000,
    cycles=280_000,
    clock_mhz=500.0,
    latency_ms=0.7,
    npu_share=1.0,
    cpu_ops={"SOFTMAX": 1},
)
RESULT = ScenarioResult(
    format=FORMAT,
    name="macs_1M",
    asked=Asked({"macs": 1e6, "arena_kib": 64.0}, None, Quantization()),
    arch=Arch("tiny", 32, 8, (stage_arch(16, (3, 5), (3, 4.5)),), 40),
    origin="log",
    sampled_at_step=7,
    candidates_tried=1,
    macs=950_000,
    params=31_400,
    tflite="scenarios/macs_1M/model_int8.tflite",
    sha256="ab" * 32,
    tflite_bytes=65_536,
    weights_sha256="cd" * 32,
    quantization=PTQ,
    verification=VERIFICATION,
    board=None,
    npus=(),
    seconds=1.25,
)
ON_BOARD = dataclasses.replace(
    RESULT,
    name="rp2040",
    asked=Asked(
        {"flash_kib@rp2040": 2016.0, "arena_kib@rp2040": 248.0},
        load_boards("rp2040")[0],
        Quantization(Method.AUTO, 0.25),
    ),
    origin="drawn",
    sampled_at_step=None,
    quantization=QAT,
    board=BOARD,
    npus=(NPU,),
)
REPORT = RunReport(
    format=FORMAT,
    dataset="digits",
    class_names=("0", "1"),
    labelled_images=50,
    labels_per_class=5,
    unlabelled_images=1388,
    validation_images=0,
    no_validation="class '0' has too few labelled images (5) to validate with some",
    test_images=359,
    skipped_images=("a.png: cannot be read",),
    search_space="mcu",
    steps=400,
    seed=0,
    training_seconds=61.4,
    settings={"dataset": "digits", "train": {"steps": 400}},
    weights_sha256="cd" * 32,
    machine="a machine, 2 cores",
    python="3.11.7",
    versions={"keras": "3.15.1"},
    not_fitting=("scenario 'x': nothing fits",),
    scenarios=(RESULT, ON_BOARD),
)
