"""Compares what a board printed with what TFLite Micro gave when the model was exported.

    python -m tflite_export.check_device_log --firmware=out/firmware/pico --log=board.log
    python -m tflite_export.check_device_log --firmware=out/firmware/pico --port=/dev/ttyACM0

The log is what the generated firmware prints over serial or semihosting. Ends with exit code 1 and
one line unless every output equals the expected one.
"""

from collections.abc import Sequence
from pathlib import Path
from statistics import median

from absl import flags

from tflite_export.common import cli
from tflite_export.common.errors import ExportError
from tflite_export.devices.device_log import check_log, read_serial

_FIRMWARE = flags.DEFINE_string("firmware", None, "Folder of the generated firmware.")
_LOG = flags.DEFINE_string("log", None, "File with the board's output.")
_PORT = flags.DEFINE_string("port", None, "Serial port to read instead; reset the board then.")
_BAUD = flags.DEFINE_integer("baud", 115200, "Speed of the serial port.")
_TIMEOUT = flags.DEFINE_float("timeout", 60.0, "Seconds to wait for the board.", lower_bound=0.1)


def main(argv: Sequence[str]) -> None:
    """Checks one log."""
    del argv
    if not _FIRMWARE.value or bool(_LOG.value) == bool(_PORT.value):
        raise ExportError("--firmware and either --log or --port are needed; --help explains them")
    if _PORT.value:
        log = read_serial(_PORT.value, _BAUD.value, _TIMEOUT.value)
    else:
        try:
            log = Path(_LOG.value).read_text(encoding="utf-8", errors="replace")
        except OSError as error:
            raise ExportError(f"cannot read log {_LOG.value}: {error.strerror}") from error
    result = check_log(log, Path(_FIRMWARE.value))
    print(
        f"PASS: {result.vectors} vectors equal, median {median(result.microseconds):g} us, "
        f"arena {result.arena_used_bytes} of {result.arena_bytes} B"
    )


if __name__ == "__main__":
    cli.run_script(main)
