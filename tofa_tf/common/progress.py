"""Shows on the terminal how far a long job is."""

import sys
import time
from typing import TextIO

# Seconds that the reading of files may take before it is worth a word.
_PATIENCE = 3.0


class Progress:
    """One line that is rewritten in a terminal, and a line now and then in a log file.

    Args:
        total: steps of the whole training, or images.
        stream: where to write.
        patience: seconds for which it says nothing: a short job is soon done.
    """

    def __init__(self, total: int, stream: TextIO = sys.stderr, patience: float = 0.0):
        self._total = total
        self._stream = stream
        self._patience = patience
        self._began = time.monotonic()
        self._live = stream.isatty()
        self._started: tuple[float, int] | None = None
        self._last_shown = 0.0
        self._validated = ""

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *exc_info: object) -> None:
        if self._live and self._started:
            self._stream.write("\n")

    def step(self, step: int, metrics: dict[str, float]) -> None:
        """Reports a finished step."""
        if "validation_accuracy" in metrics:
            self._validated = f"  validation {metrics['validation_accuracy']:.1%}"
        kept = f"pseudo-labels kept {metrics['mask_rate']:.0%}{self._validated}"
        self._show(step + 1, f"step {step + 1}/{self._total}  loss {metrics['loss']:.3f}  {kept}")

    def images(self, done: int) -> None:
        """Reports how many images a teacher has described."""
        self._show(done, f"teacher: image {done:,} of {self._total:,}")

    def files(self, what: str, done: int) -> None:
        """Reports how many files are found, where `total` is 0, or decoded."""
        self._show(done, f"{what}: {done:,}{f' of {self._total:,}' if self._total else ''}")

    def _show(self, done: int, text: str) -> None:
        now = time.monotonic()
        if now - self._began < self._patience:
            return
        # The first step prepares the graphs: it says nothing about the speed of the others.
        started = self._started = self._started or (now, done)
        if done != self._total and now - self._last_shown < (0.5 if self._live else 10.0):
            return
        self._last_shown = now
        text = f"{text}  {self._remaining(started, now, done)}".rstrip()
        self._stream.write(f"\r\x1b[K{text}" if self._live else f"{text}\n")
        self._stream.flush()

    def _remaining(self, started: tuple[float, int], now: float, done: int) -> str:
        began, first = started
        if not self._total:
            return ""
        if done == first:
            return "preparing"
        seconds = (now - began) / (done - first) * (self._total - done)
        return f"{seconds / 60:.0f} min left" if seconds > 90 else f"{seconds:.0f} s left"


class FilesProgress:
    """Shows how far the reading of a data set is, job after job; each where it takes a while.

    Args:
        stream: where to write.
    """

    def __init__(self, stream: TextIO = sys.stderr):
        self._stream = stream
        self._job, self._shown = "", Progress(0, stream)

    def __enter__(self) -> "FilesProgress":
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._shown.__exit__(*exc_info)

    def show(self, job: str, done: int, total: int) -> None:
        """Takes how much of a job is done; `total` is 0 where nobody knows it."""
        if job != self._job:
            self._shown.__exit__()
            self._job, self._shown = job, Progress(total, self._stream, _PATIENCE)
        self._shown.files(job, done)
