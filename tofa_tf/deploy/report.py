"""The report of a run for people: tables and a plot as Markdown, and a page of its own."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tflite_export.common.figures import digits
from tflite_export.common.markdown import escaped
from tflite_export.convert.quantization_report import Answers
from tflite_export.runtimes.vela import NpuReport
from tofa_tf.common.files import write_text
from tofa_tf.common.workdir import EXTENDED
from tofa_tf.data.labels import LabelsPerClass
from tofa_tf.deploy.accuracy_plot import plot_accuracy
from tofa_tf.deploy.html_report import html_report
from tofa_tf.deploy.results import BoardResult, RunReport, ScenarioResult
from tofa_tf.deploy.tables import Columns, markdown_table
from tofa_tf.pretrained.names import NONE
from tofa_tf.teacher.names import teacher_notice

PLOT = "accuracy.png"

SCENARIO_COLUMNS: Columns[ScenarioResult] = (
    ("scenario", lambda s: s.name),
    ("MACs", lambda s: f"{s.macs / 1e6:.2f} M"),
    ("params", lambda s: f"{s.params / 1e3:.0f} k"),
    ("flash KiB", lambda s: f"{s.tflite_bytes / 1024:.1f}"),
    ("arena KiB on a 64-bit PC", lambda s: f"{s.arena_bytes / 1024:.1f}"),
    ("float accuracy", lambda s: f"{s.float_accuracy:.2%}"),
    ("int8 accuracy", lambda s: f"{s.int8_accuracy:.2%}"),
    ("same class as float", lambda s: f"{s.verification.int8_agreement:.2%}"),
    ("ms on this PC", lambda s: f"{s.pc_ms:.2f}"),
    ("seconds to make", lambda s: f"{s.seconds:.1f}"),
)
_BOARD_COLUMNS: Columns[BoardResult] = (
    ("board", lambda b: b.fit.board),
    (
        "flash with the runtime's code, KiB",
        lambda b: _of(b.fit.flash_used, b.fit.flash_available),
    ),
    ("SRAM for the arena, KiB", lambda b: _of(b.fit.arena_used, b.fit.arena_available)),
    ("latency, estimate", lambda b: f"{digits(b.latency_ms)} ms ± {b.latency_relative_error:.0%}"),
    ("energy, estimate", lambda b: _energy(b)),
    ("estimate rests on", lambda b: b.latency_basis or "published measurements"),
)
# With what its int8 model made by training answers.
_QUANTIZATION_COLUMNS: Columns[tuple[ScenarioResult, Answers]] = (
    ("scenario", lambda row: row[0].name),
    ("float accuracy", lambda row: f"{row[0].float_accuracy:.2%}"),
    ("by ptq", lambda row: f"{row[0].quantization.ptq.accuracy:.2%}"),
    ("by qat", lambda row: f"{row[1].accuracy:.2%}"),
    ("loses by ptq, points", lambda row: _lost(row[0], row[0].quantization.ptq)),
    ("loses by qat, points", lambda row: _lost(*row)),
    ("steps of qat", lambda row: f"{row[0].quantization.qat_steps}"),
    ("seconds of qat", lambda row: f"{row[0].quantization.qat_seconds:.0f}"),
)
_NPU_COLUMNS: Columns[tuple[ScenarioResult, NpuReport]] = (
    ("scenario", lambda row: row[0].name),
    ("NPU", lambda row: f"{row[1].config} at {row[1].clock_mhz:g} MHz"),
    ("latency on the NPU, estimate", lambda row: f"{digits(row[1].latency_ms)} ms"),
    (
        "on the board's CPU, estimate",
        lambda row: f"{digits(row[0].board.latency_ms)} ms" if row[0].board else "",
    ),
    ("NPU cycles, estimate", lambda row: f"{row[1].cycles}"),
    ("SRAM KiB", lambda row: f"{row[1].sram_bytes / 1024:.1f}"),
    ("flash KiB", lambda row: f"{row[1].tflite_bytes / 1024:.1f}"),
    ("ops on the NPU", lambda row: f"{row[1].npu_share:.0%}"),
)
_EXPLANATION = (
    "Flash is the .tflite file; the runtime's code comes on top. Arena is what TFLite Micro itself "
    "reports on a 64-bit machine with reference kernels; what a board needs is said with the "
    "board. int8 accuracy is measured on the test images in the runtime named in report.json; ms "
    "is LiteRT on this PC, one thread, and says little about a board. No subnet was trained or "
    "searched for: each is cut from one supernet by the fixed rule."
)


def write_report(report: RunReport, folder: Path) -> None:
    """Writes `report.md`, `report.html` and the plot beside `report.json`."""
    title = f"{report.dataset}: {len(report.scenarios)} int8 models from one supernet"
    plot_accuracy(report.scenarios, report.test_images, folder / PLOT)
    facts, tables = _facts(report), _tables(report.scenarios)
    text = [f"# {escaped(title)}", "", *(f"* {escaped(fact)}" for fact in facts)]
    for table in tables:
        text += ["", markdown_table(*table)]
    text += ["", f"![accuracy]({PLOT})", "", _EXPLANATION, ""]
    write_text(folder / "report.md", "\n".join(text))
    write_text(folder / "report.html", html_report(report, folder, title, facts))


def _tables(scenarios: Sequence[ScenarioResult]) -> list[tuple[Sequence[Any], Columns[Any]]]:
    """Rows and columns of every table that has rows."""
    tables: list[tuple[Sequence[Any], Columns[Any]]] = [
        (scenarios, SCENARIO_COLUMNS),
        ([(s, s.quantization.qat) for s in scenarios if s.quantization.qat], _QUANTIZATION_COLUMNS),
        ([s.board for s in scenarios if s.board], _BOARD_COLUMNS),
        ([(s, npu) for s in scenarios for npu in s.npus], _NPU_COLUMNS),
    ]
    return [table for table in tables if table[0]]


def _lost(scenario: ScenarioResult, answers: Answers) -> str:
    """Accuracy that one way of quantisation loses, in percentage points."""
    accuracy = answers.accuracy or 0.0
    return f"{100 * (scenario.float_accuracy - accuracy):.2f}"


def _energy(board: BoardResult) -> str:
    if board.energy_mj is None or board.energy_relative_error is None:
        return ""
    return f"{digits(board.energy_mj)} mJ ± {board.energy_relative_error:.0%}"


def _of(used_bytes: int, available_bytes: int) -> str:
    return f"{used_bytes / 1024:.0f} of {available_bytes / 1024:.0f}"


def _labels(labels_per_class: LabelsPerClass) -> str:
    if labels_per_class == "all":
        return "all of each class"
    if isinstance(labels_per_class, float):
        return f"{100 * labels_per_class:.3g}% of each class"
    return f"{labels_per_class} a class"


def _steps(report: RunReport) -> str:
    begun_for = report.settings.get(EXTENDED, ())
    before = f" (begun for {', then '.join(map(str, begun_for))})" if begun_for else ""
    return f"{report.steps} steps{before}"


def _facts(report: RunReport) -> list[str]:
    return [
        f"{report.labelled_images} labelled images ({_labels(report.labels_per_class)}), "
        f"{report.unlabelled_images} unlabelled, {report.validation_images} validation and "
        f"{report.test_images} test images",
        f"search space {report.search_space}, {_steps(report)}, seed {report.seed}, "
        f"{report.training_seconds:.0f} s of training on {report.machine}",
        *_teacher(report),
        *(f"does not fit: {failure}" for failure in report.not_fitting),
    ]


def _teacher(report: RunReport) -> list[str]:
    """By whom the supernet was taught, and what that means for its weights."""
    teacher = report.settings.get("teacher", NONE)
    notice = teacher_notice(teacher)
    return [] if teacher == NONE else [f"taught by {teacher}{f': {notice}' if notice else ''}"]
