"""Compares what a board printed with what TFLite Micro gave when the model was exported.

    tofa check-log out/firmware/pico --log=board.log
    tofa check-log out/firmware/pico --port=/dev/ttyACM0

The log is what the generated firmware prints over serial or semihosting. Ends with exit code 1 and
one line unless every output equals the expected one.

    tofa check-log out/firmware/pico --log=board.log --board=rp2040 --calibrate=my_pico.json

also notes the time that an inference took: `my_pico.json` becomes a profile of that very board,
whose latency estimates are corrected by what it has printed, for one model or several
(`--boards=my_pico.json` from then on). `python -m tflite_export.check_device_log` is
the same.
"""

import dataclasses

from tflite_export.common.command import Command, run_command
from tflite_export.common.settings import SettingsBase, setting

_LOG = "Log"


@dataclasses.dataclass(frozen=True)
class LogCheck(SettingsBase):
    """Which firmware ran, and where its output is."""

    firmware: str = setting("Folder of the generated firmware.", heading=_LOG)
    log: str = setting("File with the board's output.", "", heading=_LOG)
    port: str = setting(
        "Serial port to read instead; reset the board when told to.", "", heading=_LOG
    )
    baud: int = setting("Speed of the serial port.", 115200, least=1, heading=_LOG)
    timeout: float = setting(
        "Seconds to wait for the board.", 60.0, least=0.1, most=86400, heading=_LOG
    )
    board: str = setting(
        "With calibrate: which board it is, one of --boards=list or a file of your own.",
        "", heading=_LOG,
    )  # fmt: skip
    calibrate: str = setting(
        "File of the board to note the times in, a .json that is written or added to.",
        "", heading=_LOG,
    )  # fmt: skip


def main(check: LogCheck) -> None:
    """Checks one log."""
    from pathlib import Path
    from statistics import median

    from tflite_export.common.errors import ExportError
    from tflite_export.common.text_files import MOST_RECORDED_BYTES, read_text
    from tflite_export.devices.device_log import check_log, read_serial

    if bool(check.log) == bool(check.port):
        raise ExportError("either log or port is needed: a file with the board's output, or a port")
    if check.port:
        log = read_serial(check.port, check.baud, check.timeout)
    else:
        try:
            log = read_text(check.log, MOST_RECORDED_BYTES, errors="replace")
        except OSError as error:
            raise ExportError(f"cannot read log {check.log}: {error.strerror}") from error
    result = check_log(log, Path(check.firmware))
    if check.calibrate:
        from tflite_export.devices.calibrate import calibrate

        note = calibrate(Path(check.firmware), result, check.board, Path(check.calibrate))
    print(
        f"PASS: {result.vectors} vectors equal, median {median(result.microseconds):g} us, "
        f"arena {result.arena_used_bytes} of {result.arena_bytes} B"
    )
    if check.calibrate:
        print(note)


COMMAND = Command(main, (LogCheck,), positional=("firmware",), tensorflow=False)

if __name__ == "__main__":
    run_command(COMMAND)
