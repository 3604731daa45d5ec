"""The folder of an export: its files, and how they get there together."""

import dataclasses
import hashlib
import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from tflite_export.common.errors import ExportError
from tflite_export.common.folders import FolderKind, new_folder
from tflite_export.common.text_files import MOST_RECORDED_BYTES, read_text
from tflite_export.devices.board_report import boards_markdown, report_boards
from tflite_export.devices.boards import Board
from tflite_export.devices.fit import largest_arena
from tflite_export.exporting.export_report import ExportReport
from tflite_export.firmware.c_source import c_header, c_source
from tflite_export.graph.flatbuffer import read_tflite
from tflite_export.graph.operators import OperatorGraph
from tflite_export.runtimes.vela import compile_for_npus, vela_version

MODEL_FILE = "model_int8.tflite"
REPORT_FILE = "report.json"
FIRMWARE_FOLDER = "firmware"
BOARDS_FILE = "boards.md"
LABELS_FILE = "labels.txt"
PREPROCESSING_FILE = "preprocessing.json"
_C_NAME = "model_data"


def _made_earlier(folder: Path) -> bool:
    """Whether a folder without marker file holds an export: its report is of the model beside."""
    try:
        report = json.loads(read_text(folder / REPORT_FILE, MOST_RECORDED_BYTES))
        tflite = (folder / MODEL_FILE).read_bytes()
        return report["sha256"] == hashlib.sha256(tflite).hexdigest()
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return False


EXPORT = FolderKind(
    "export",
    own=(
        *(MODEL_FILE, f"{_C_NAME}.cc", f"{_C_NAME}.h", "model_vela*.tflite"),
        *(REPORT_FILE, BOARDS_FILE, FIRMWARE_FOLDER, LABELS_FILE, PREPROCESSING_FILE),
        # Of a subnet: what it was cut from, and for which budgets.
        *("arch.json", "scenario.json", "worst_images.png", "sample.png"),
    ),
    made_earlier=_made_earlier,
)


# Called with the folder of an export before it appears, and with its report.
AddFiles: TypeAlias = Callable[[Path, ExportReport], None]


def read_report(folder: Path) -> ExportReport:
    """Returns the report of an export's folder.

    Raises:
        TofaError: if there is none, or it is damaged.
    """
    return ExportReport.read(folder / REPORT_FILE)


def is_whole(folder: Path, sha256: str) -> bool:
    """Whether a folder holds what every export has, for the model with this hash.

    Raises:
        TofaError: if its report is missing or damaged.
    """
    report = read_report(folder)
    names = [MODEL_FILE, f"{_C_NAME}.cc", f"{_C_NAME}.h", PREPROCESSING_FILE]
    names += [LABELS_FILE] if report.class_names else []
    try:
        found = hashlib.sha256((folder / MODEL_FILE).read_bytes()).hexdigest()
        return report.sha256 == sha256 == found and all((folder / n).stat().st_size for n in names)
    except OSError:
        return False


def finish_export(
    report: ExportReport,
    tflite: bytes,
    output_dir: Path,
    *,
    boards: Sequence[Board] = (),
    npus: Sequence[str] = (),
    add_files: AddFiles | None = None,
    overwrite: bool,
) -> ExportReport:
    """Adds what a model means on boards and NPUs, and writes an export's folder.

    Args:
        report: of the verified model; what it says of boards and NPUs is replaced.
        tflite: the model.
        output_dir: the folder, which appears complete or not at all.
        boards: see `ExportSettings`.
        npus: likewise.
        add_files: writes what else belongs to the export.
        overwrite: replace an earlier export.

    Returns:
        The report as it was written.

    Raises:
        ExportError: if Vela fails, or the folder is taken or cannot be written.
    """
    file = read_tflite(tflite)
    compiled = compile_for_npus(tflite, npus)
    npu_reports = tuple(npu for npu, _ in compiled)
    report = dataclasses.replace(
        report,
        boards=report_boards(file, report.verification, boards, npu_reports),
        npus=npu_reports,
        versions={**report.versions, **vela_version(npus)},
    )
    header = c_header(file, *_reserve(report, file), _C_NAME)
    texts = {
        f"{_C_NAME}.h": header,
        f"{_C_NAME}.cc": c_source(tflite, _C_NAME),
        REPORT_FILE: json.dumps(report.to_json(), indent=2) + "\n",
        PREPROCESSING_FILE: json.dumps(_preprocessing(report), indent=2) + "\n",
    }
    if report.class_names:
        # One line each, whatever a name holds; report.json has it as it is.
        lines = (" ".join(name.splitlines()) for name in report.class_names)
        texts[LABELS_FILE] = "".join(f"{line}\n" for line in lines)
    if report.boards:
        texts[BOARDS_FILE] = boards_markdown(report.boards)
    with new_folder(output_dir, overwrite=overwrite, kind=EXPORT) as folder:
        (folder / MODEL_FILE).write_bytes(tflite)
        for npu, content in compiled:
            (folder / npu.file).write_bytes(content)
        for name, text in texts.items():
            (folder / name).write_text(text, encoding="utf-8")
        keep_firmware(output_dir, folder, tflite)
        if add_files:
            add_files(folder, report)
    return report


def keep_firmware(old: Path, new: Path, tflite: bytes) -> None:
    """Takes over projects that were written, and maybe edited since, for the very same model.

    Args:
        old: folder of an export, which may not be there.
        new: of the one that follows it, still without firmware.
        tflite: the new model.

    Raises:
        ExportError: if they cannot be copied.
    """
    model, projects = old / MODEL_FILE, old / FIRMWARE_FOLDER
    if projects.is_dir() and model.exists() and model.read_bytes() == tflite:
        try:
            shutil.copytree(projects, new / FIRMWARE_FOLDER)
        except OSError as error:
            # What shutil collects of many files has no text of its own, but one for each file.
            reason = error.strerror or str(error.args[0][0][-1]).partition(": '")[0]
            raise ExportError(f"cannot copy {projects}: {reason}") from error


def _preprocessing(report: ExportReport) -> dict[str, Any]:
    """What programs need to know that run the model without this package."""
    spec = report.input_spec
    return {
        "input_spec": spec.to_json() if spec else None,
        "input": {
            "shape": list(report.input_shape),
            "dtype": "int8",
            "scale": report.input_scale,
            "zero_point": report.input_zero_point,
        },
        "output": {
            "shape": list(report.output_shape),
            "dtype": "int8",
            "scale": report.output_scale,
            "zero_point": report.output_zero_point,
        },
        "class_names": list(report.class_names),
        "rejection": report.rejection.to_json() if report.rejection else None,
    }


def _reserve(report: ExportReport, file: OperatorGraph) -> tuple[int, str]:
    """Returns the arena in bytes that the C header names, and the boards it is enough for."""
    if report.boards:
        names = ", ".join(board.fit.board for board in report.boards)
        return max(board.fit.arena_used for board in report.boards), names
    checked = report.verification
    arena = largest_arena(file, checked.arena_bytes, checked.nonpersistent_bytes)
    return arena, "any known board"
