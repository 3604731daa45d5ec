"""From the report of an export to what generated C says of the model."""

import dataclasses
from collections.abc import Sequence

from tflite_export.devices.boards import Board, known_boards
from tflite_export.devices.fit import SLACK_BYTES, fit
from tflite_export.exporting.export_report import ExportReport
from tflite_export.firmware.least_arena import least_arena, least_host_arena
from tflite_export.firmware.model_header import ModelFacts
from tflite_export.graph.arena import aligned
from tflite_export.graph.arena_planning import transient_bytes
from tflite_export.graph.flatbuffer import read_tflite
from tflite_export.input_spec import RESIZE, InputSpec
from tflite_export.task import OutputRule

# Whose runtime is always that of today, built with TF_LITE_STATIC_MEMORY as its project is.
_TODAY = "make"


def facts_of_report(
    report: ExportReport,
    tflite: bytes,
    model_id: str,
    boards: Sequence[Board] = (),
    platform: str = "",
) -> ModelFacts:
    """Returns what generated C has to know.

    Args:
        report: of the export.
        tflite: the model.
        model_id: by which a board's log names it.
        boards: that the arena has to be enough for; none: every known board.
        platform: that the code is for; empty: any that a board has.
    """
    file, checked = read_tflite(tflite), report.verification
    sizes = checked.arena_bytes, checked.nonpersistent_bytes
    # Small activations leave less room for planning than it takes.
    missing = max(0, transient_bytes(file, 8) - checked.nonpersistent_bytes)
    host = report.memory.arena_budget_bytes + missing
    if platform == _TODAY:
        host = aligned(checked.arena_bytes + missing + SLACK_BYTES)
        boards = [dataclasses.replace(board, platforms={platform: ""}) for board in boards]
    fits = [
        (fit(file, *sizes, board).arena_used, board.processor.has_mve)
        for board in boards or known_boards().values()
    ]
    most = max(needed for needed, _ in fits)
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
        arena_bytes=most,
        plain_arena_bytes=max((needed for needed, mve in fits if not mve), default=most),
        host_arena_bytes=host,
        least_arena_bytes=least_arena(file, *sizes),
        least_host_arena_bytes=least_host_arena(file, *sizes),
        boards=", ".join(board.name for board in boards) or "any known board",
        rejection=report.rejection,
    )
