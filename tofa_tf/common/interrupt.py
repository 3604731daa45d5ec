"""Lets long work be interrupted where nothing is lost: between two steps."""

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType

from tflite_export.common.signals import check_signals


@contextlib.contextmanager
def deferred_interrupt() -> Iterator[Callable[[], bool]]:
    """Holds back Ctrl-C and SIGTERM; yields a function that says whether one has come.

    A second Ctrl-C acts at once. Outside the main thread signals cannot be held back.

    Raises:
        KeyboardInterrupt: one came before and was dropped by Python, see `check_signals`.
    """
    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    check_signals()
    came: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        del frame
        if came:
            raise KeyboardInterrupt
        came.append(number)

    saved = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: bool(came)
    finally:
        for number, handler in saved.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def ended_by_signals() -> Iterator[None]:
    """Lets Ctrl-C and SIGTERM end the process at once, within native code that returns to nobody.

    What Python calls on a signal waits until such code returns. Outside the main thread nothing
    changes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = (signal.SIGINT, signal.SIGTERM)
    saved = {number: signal.signal(number, signal.SIG_DFL) for number in numbers}
    try:
        yield
    finally:
        for number, handler in saved.items():
            signal.signal(number, handler)
