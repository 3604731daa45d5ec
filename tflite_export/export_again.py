"""An export that exists already, once more for other boards and NPUs: in milliseconds."""

import json
from collections.abc import Sequence
from pathlib import Path

from tflite_export.convert.quantization_report import QuantizationReport
from tflite_export.devices.board_report import report_boards
from tflite_export.devices.boards import Board
from tflite_export.devices.memory import Memory
from tflite_export.export_model import MODEL_FILE, REPORT_FILE, ExportReport, write_export
from tflite_export.graph.flatbuffer import read_tflite
from tflite_export.pack.repack import Packing
from tflite_export.runtimes.vela import compile_for_npus, vela_version
from tflite_export.runtimes.verify import Verification


def export_again(
    source: Path,
    output_dir: Path,
    *,
    boards: Sequence[Board] = (),
    npus: Sequence[str] = (),
    overwrite: bool = False,
) -> ExportReport:
    """Writes the same model with a report for other boards; it is not verified again.

    Args:
        source: folder of an export.
        output_dir: folder to write; it appears complete or not at all.
        boards, npus, overwrite: see `export_model`.

    Raises:
        ExportError: if Vela fails, or the folder is taken.
    """
    tflite = (source / MODEL_FILE).read_bytes()
    fields = json.loads((source / REPORT_FILE).read_text(encoding="utf-8"))
    verification = Verification(**fields["verification"])
    compiled = compile_for_npus(tflite, npus)
    npu_reports = tuple(npu for npu, _ in compiled)
    fields |= {
        "memory": Memory(**fields["memory"]),
        "packing": Packing(**fields["packing"]),
        "quantization": QuantizationReport.from_json(fields["quantization"]),
        "verification": verification,
        "boards": report_boards(read_tflite(tflite), verification, boards, npu_reports),
        "npus": npu_reports,
        "versions": fields["versions"] | vela_version(npus),
    }
    report = ExportReport(**fields)
    write_export(output_dir, report, tflite, compiled, overwrite=overwrite)
    return report
