"""Notes what a board has printed in a profile of that board."""

import dataclasses
import hashlib
import json
import statistics
from pathlib import Path

from tflite_export.common.errors import ExportError
from tflite_export.devices.boards import Board, load_boards
from tflite_export.devices.calibration import Measurement, correction
from tflite_export.devices.device_log import DeviceResult
from tflite_export.devices.kernels import SPEEDS
from tflite_export.devices.latency import estimate_latency
from tflite_export.firmware.generate import is_firmware_of
from tflite_export.graph.flatbuffer import read_tflite

# Less comes of a clock that nobody has set up.
_LEAST_MICROSECONDS = 1


def calibrate(firmware: Path, result: DeviceResult, board: str, path: Path) -> str:
    """Adds a model's time to the profile of a board.

    Args:
        firmware: folder of the generated project, inside that of its export.
        result: what the board reported of it.
        board: name or file of the board, one; may be `path` itself.
        path: of the profile, a .json; one that is there already is added to.

    Returns:
        What estimates for the board are corrected by now, for people.

    Raises:
        ExportError: if the model is not found beside the firmware, the board is not clear, or the
            time is none; nothing is written then.
    """
    if path.suffix != ".json":
        raise ExportError(f"calibrate={path}: a .json file is needed")
    known = _board(board, path)
    tflite = _model_of(firmware)
    microseconds = statistics.median(result.microseconds)
    if microseconds < _LEAST_MICROSECONDS:
        raise ExportError(
            f"an inference took {microseconds:g} us by the board's clock, which can hardly be: "
            "look at the timer of the firmware"
        )
    plain = dataclasses.replace(known, measurements=())
    estimate = estimate_latency(read_tflite(tflite[1]), plain).latency_ms
    new = Measurement(tflite[0], microseconds / 1e3, estimate)
    others = tuple(one for one in known.measurements if one.model != new.model)
    calibrated = dataclasses.replace(known, measurements=(*others, new))
    _write(calibrated, path)
    factor, error = correction(calibrated.measurements, SPEEDS[known.core, known.kernels].error)
    return (
        f"{path}: {known.name} takes {factor:.2f} times the estimate, by "
        f"{len(calibrated.measurements)} model(s); estimates with boards={path} are within "
        f"{error:.0%} now"
    )


def _board(name: str, path: Path) -> Board:
    if path.exists():
        boards = load_boards(str(path))
        if name and name not in (str(path), boards[0].name):
            raise ExportError(f"{path} is a profile of {boards[0].name}, not of {name}")
    elif name:
        boards = load_boards(name)
    else:
        raise ExportError("calibrate needs board: the name of a known one, or your own file")
    if len(boards) != 1 or boards[0].latency_limit_ms:
        raise ExportError(f"board={name}: one board is needed, without a limit")
    return boards[0]


def _model_of(firmware: Path) -> tuple[str, bytes]:
    """Returns the model's id and content."""
    export = firmware.resolve().parents[1]
    try:
        contents = [path.read_bytes() for path in sorted(export.glob("*.tflite"))]
    except OSError as error:
        raise ExportError(f"cannot read the models in {export}: {error.strerror}") from error
    tflite = next((one for one in contents if is_firmware_of(firmware, one)), None)
    if tflite is None:
        raise ExportError(
            f"{export} does not hold the model of {firmware}, which calibration needs: export "
            "again, with the firmware"
        )
    return hashlib.sha256(tflite).hexdigest()[:16], tflite


def _write(board: Board, path: Path) -> None:
    table = {
        field.name: getattr(board, field.name)
        for field in dataclasses.fields(board)
        if field.name not in ("name", "measurements")
        and getattr(board, field.name) != field.default
    }
    table["profile"] = board.profile or board.name
    table["measurements"] = [one.to_json() for one in board.measurements]
    temporary = path.with_name(f".{path.name}.new")
    try:
        temporary.write_text(json.dumps({board.name: table}, indent=2) + "\n", encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        raise ExportError(f"cannot write {path}: {error.strerror}") from error
