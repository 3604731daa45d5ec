"""An export that exists already, once more for other boards and NPUs: in milliseconds."""

from collections.abc import Sequence
from pathlib import Path

from tflite_export.devices.boards import Board
from tflite_export.exporting.export_folder import MODEL_FILE, finish_export, read_report
from tflite_export.exporting.export_report import ExportReport


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
        boards: see `ExportSettings`.
        npus: likewise.
        overwrite: replace an earlier export.

    Raises:
        TofaError: if the source's report is damaged, Vela fails, or the folder is taken.
    """
    return finish_export(
        read_report(source),
        (source / MODEL_FILE).read_bytes(),
        output_dir,
        boards=boards,
        npus=npus,
        overwrite=overwrite,
    )
