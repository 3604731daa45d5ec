"""What is wrong around a command rather than with its settings: disks, locale, signals."""

import contextlib
import dataclasses
import locale
import os
import signal
import tempfile
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

from tests.limits import files_of_at_most
from tflite_export.common import signals


@dataclasses.dataclass(frozen=True)
class Surroundings:
    """Where a command runs; by default nothing is wrong there.

    Attributes:
        temporary: folder for temporary files; `{NAME}` as in settings.
        most_bytes: that the disk has room for in one file.
        ascii: whether the locale knows no other characters.
        terminated_in: function, by its full name, in which SIGTERM comes.
        environment: variables and their values.
    """

    temporary: str | None = None
    most_bytes: int | None = None
    ascii: bool = False
    terminated_in: str | None = None
    environment: tuple[tuple[str, str], ...] = ()

    @contextlib.contextmanager
    def around(self, placed: Callable[[Any], Any]) -> Iterator[None]:
        """Has it so for the time of the block.

        Args:
            placed: puts paths into a setting.
        """
        with mock.patch.dict(os.environ, dict(self.environment)), contextlib.ExitStack() as stack:
            if self.temporary:
                folder = str(placed(self.temporary))
                stack.enter_context(mock.patch.object(tempfile, "tempdir", folder))
            if self.most_bytes is not None:
                stack.enter_context(files_of_at_most(self.most_bytes))
            if self.ascii:
                stack.enter_context(_ascii())
            if self.terminated_in:
                stack.enter_context(_terminated(self.terminated_in))
            yield


@contextlib.contextmanager
def _ascii() -> Iterator[None]:
    before = locale.setlocale(locale.LC_CTYPE)
    locale.setlocale(locale.LC_CTYPE, "C")
    try:
        yield
    finally:
        locale.setlocale(locale.LC_CTYPE, before)


@contextlib.contextmanager
def _terminated(function: str) -> Iterator[None]:
    saved = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    signals.end_on_signals()
    try:
        with mock.patch(function, lambda *_, **__: signal.raise_signal(signal.SIGTERM)):
            yield
    finally:
        signals._came.clear()
        for number, handler in saved.items():
            signal.signal(number, handler)
