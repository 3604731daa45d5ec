"""What a board printed: read from a file or a serial port, and compared with what was expected."""

import json
import os
import re
import select
import termios
import time
import tty
from dataclasses import dataclass
from pathlib import Path

from tflite_export.common.errors import ExportError
from tflite_export.common.text_files import MOST_RECORDED_BYTES, read_text
from tflite_export.firmware.generate import VECTORS_FILE

# As many digits as a board can mean: a number of thousands is noise on the line.
_MODEL = re.compile(r"MODEL ([0-9a-f]{16}) vectors (\d{1,9})$", re.ASCII)
_VECTOR = re.compile(
    r"VECTOR (\d{1,9}) us (\d{1,15}) "
    r"output((?: -?\d{1,9})+) expected((?: -?\d{1,9})+) (PASS|FAIL)$",
    re.ASCII,
)
_ARENA = re.compile(r"ARENA used (\d{1,12}) of (\d{1,12})$", re.ASCII)
_RESULT = re.compile(r"RESULT (PASS|FAIL)\b(.*)$")
_KEYWORDS = ("MODEL", "VECTOR", "ARENA", "RESULT")

_ADVICE = "reset the board and record the whole log, from MODEL to RESULT"


@dataclass(frozen=True)
class DeviceResult:
    """What a board that answered rightly reported.

    Attributes:
        vectors: how many test vectors it ran.
        microseconds: of every invocation.
        arena_used_bytes: as TFLite Micro counts on the board.
        arena_bytes: size of the arena.
    """

    vectors: int
    microseconds: tuple[int, ...]
    arena_used_bytes: int
    arena_bytes: int


def check_log(log: str, firmware: Path) -> DeviceResult:
    """Compares a board's log with the test vectors of its firmware.

    Args:
        log: all that the board printed; other lines than the firmware's are skipped.
        firmware: folder of the generated project.

    Raises:
        ExportError: if the log is incomplete or garbled, is of another model, or an output differs.
    """
    model_id, expected = _read_record(firmware)
    lines = _last_run(log)
    model = _match(_MODEL, lines[0])
    if model[1] != model_id:
        raise ExportError(
            f"the board ran model {model[1]}, {firmware} holds {model_id}: flash that"
        )
    vectors = [_match(_VECTOR, line) for line in lines if line.startswith("VECTOR")]
    arena = [_match(_ARENA, line) for line in lines if line.startswith("ARENA")]
    result = [_match(_RESULT, line) for line in lines if line.startswith("RESULT")]
    if result and result[0][2].startswith(":"):
        raise ExportError(f"the board could not run the model{result[0][2]}")
    if not result or not arena or len(vectors) != len(expected):
        raise ExportError(
            f"the log is cut short: {len(vectors)} of {len(expected)} vectors"
            f"{'' if result else ', no RESULT'}; {_ADVICE}"
        )
    for number, (vector, values) in enumerate(zip(vectors, expected, strict=True)):
        output = [int(value) for value in vector[3].split()]
        if int(vector[1]) != number or len(output) != len(values):
            raise ExportError(f"the log is garbled at vector {number}: {vector[0]!r}; {_ADVICE}")
        if output != values:
            raise ExportError(
                f"the board disagrees at vector {number}: it gave {output}, expected is {values}"
            )
    if result[0][1] != "PASS":
        raise ExportError(f"the board says {result[0][0]!r}, but its outputs are right: {_ADVICE}")
    return DeviceResult(
        len(vectors), tuple(int(v[2]) for v in vectors), int(arena[0][1]), int(arena[0][2])
    )


def read_serial(port: str, baud: int, timeout_seconds: float) -> str:
    """Returns what comes from a serial port until RESULT or until the time is up.

    Raises:
        ExportError: if there is no such port, or it takes no such speed.
    """
    speed = getattr(termios, f"B{baud}", None)
    if speed is None:
        raise ExportError(f"the port cannot run at {baud} baud; 115200 is what the firmware uses")
    try:
        descriptor = os.open(port, os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK)
    except OSError as error:
        raise ExportError(
            f"cannot open serial port {port}: {error.strerror}; a board that is attached shows as "
            "/dev/ttyACM0, /dev/ttyUSB0 or the like"
        ) from error
    try:
        _set_up(descriptor, speed)
        return _read_until_result(descriptor, timeout_seconds)
    except (OSError, termios.error) as error:
        raise ExportError(f"cannot read serial port {port}: {error.args[-1]}") from error
    finally:
        os.close(descriptor)


def _set_up(descriptor: int, speed: int) -> None:
    # At once: the default would throw away what the board has said already.
    tty.setraw(descriptor, termios.TCSANOW)
    settings = termios.tcgetattr(descriptor)
    settings[4] = settings[5] = speed
    termios.tcsetattr(descriptor, termios.TCSANOW, settings)


def _read_until_result(descriptor: int, timeout_seconds: float) -> str:
    received, end = b"", time.monotonic() + timeout_seconds
    while (remaining := end - time.monotonic()) > 0:
        if not select.select([descriptor], [], [], remaining)[0]:
            break
        chunk = os.read(descriptor, 4096)
        if not chunk:
            break
        received += chunk
        if re.search(rb"RESULT [^\n]*\n", received):
            break
    return received.decode(errors="replace")


def _read_record(firmware: Path) -> tuple[str, list[list[int]]]:
    """Returns the model's id and the outputs expected, one list a vector."""
    try:
        record = json.loads(read_text(firmware / VECTORS_FILE, MOST_RECORDED_BYTES))
        return str(record["model_id"]), [list(map(int, row)) for row in record["expected"]]
    # Infinity is no whole number by an OverflowError.
    except (OSError, ValueError, OverflowError, KeyError, TypeError, RecursionError) as error:
        raise ExportError(
            f"{firmware} has no readable {VECTORS_FILE}: name the folder of a generated firmware"
        ) from error


def _last_run(log: str) -> list[str]:
    """The firmware's lines from the last MODEL on: a board that was reset has printed several."""
    lines = [line.strip() for line in log.splitlines()]
    lines = [line for line in lines if line.startswith(_KEYWORDS)]
    starts = [number for number, line in enumerate(lines) if line.startswith("MODEL")]
    if not starts:
        raise ExportError(f"the log has no line that starts with MODEL; {_ADVICE}")
    return lines[starts[-1] :]


def _match(pattern: re.Pattern, line: str) -> re.Match:
    match = pattern.match(line)
    if match is None:
        raise ExportError(f"the log is garbled: {line[:80]!r}; {_ADVICE}")
    return match
