"""From the report of an export to what generated C says of the model."""

from collections.abc import Sequence

from tflite_export.devices.boards import Board
from tflite_export.devices.fit import fit, largest_arena
from tflite_export.exporting.export_report import ExportReport
from tflite_export.firmware.least_arena import least_arena, least_host_arena
from tflite_export.firmware.model_header import ModelFacts
from tflite_export.graph.arena_planning import transient_bytes
from tflite_export.graph.flatbuffer import read_tflite
from tflite_export.input_spec import RESIZE, InputSpec
from tflite_export.task import OutputRule


def facts_of_report(
    report: ExportReport, tflite: bytes, model_id: str, boards: Sequence[Board] = ()
) -> ModelFacts:
    """Returns what generated C has to know.

    Args:
        report: of the export.
        tflite: the model.
        model_id: by which a board's log names it.
        boards: that the arena has to be enough for; none: every known board.
    """
    file, checked = read_tflite(tflite), report.verification
    sizes = checked.arena_bytes, checked.nonpersistent_bytes
    # Small activations leave less room for planning than it takes.
    missing = max(0, transient_bytes(file, 8) - checked.nonpersistent_bytes)
    fits = [fit(file, *sizes, board).arena_used for board in boards]
    shape = file.inputs[0].shape[1:]
    no_spec = (
        InputSpec(shape) if len(shape) < 3 else InputSpec(shape, crop="stretch", resize=RESIZE)
    )
    return ModelFacts(
        file=file,
        model_id=model_id,
        spec=report.input_spec or no_spec,
        rule=OutputRule(checked.task, checked.threshold),
        class_names=report.class_names,
        arena_bytes=max(fits, default=0) or largest_arena(file, *sizes),
        host_arena_bytes=report.memory.arena_budget_bytes + missing,
        least_arena_bytes=least_arena(file, *sizes),
        least_host_arena_bytes=least_host_arena(file, *sizes),
        boards=", ".join(board.name for board in boards) or "any known board",
        rejection=report.rejection,
    )
