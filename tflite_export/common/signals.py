"""Ctrl-C, and SIGTERM, which schedulers and service managers send: both end a script."""

import signal
from types import FrameType

_came: list[int] = []


def end_on_signals() -> None:
    """Makes either signal raise KeyboardInterrupt from now on."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _end)


def check_signals() -> None:
    """Raises KeyboardInterrupt if a signal has come already.

    Python drops an exception that is raised in some of its own corners, such as the callbacks of
    its importer, and loading takes seconds.
    """
    if _came:
        raise KeyboardInterrupt


def _end(number: int, frame: FrameType | None) -> None:
    del frame
    _came.append(number)
    raise KeyboardInterrupt
