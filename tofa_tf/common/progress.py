"""Shows on the terminal how far a training is."""

import sys
import time
from typing import TextIO


class Progress:
    """One line that is rewritten in a terminal, and a line now and then in a log file.

    Args:
        total_steps: of the whole training.
        stream: where to write.
    """

    def __init__(self, total_steps: int, stream: TextIO = sys.stderr):
        self._total = total_steps
        self._stream = stream
        self._live = stream.isatty()
        self._started: tuple[float, int] | None = None
        self._last_shown = 0.0

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *exc_info: object) -> None:
        if self._live and self._started:
            self._stream.write("\n")

    def step(self, step: int, metrics: dict[str, float]) -> None:
        """Reports a finished step."""
        now = time.monotonic()
        # The first step prepares the graphs: it says nothing about the speed of the others.
        started = self._started = self._started or (now, step)
        last = step + 1 == self._total
        if not last and now - self._last_shown < (0.5 if self._live else 10.0):
            return
        self._last_shown = now
        text = (
            f"step {step + 1}/{self._total}  loss {metrics['loss']:.3f}  "
            f"pseudo-labels kept {metrics['mask_rate']:.0%}  {self._remaining(started, now, step)}"
        )
        self._stream.write(f"\r\x1b[K{text}" if self._live else f"{text}\n")
        self._stream.flush()

    def _remaining(self, started: tuple[float, int], now: float, step: int) -> str:
        began, first = started
        if step == first:
            return "preparing"
        seconds = (now - began) / (step - first) * (self._total - 1 - step)
        return f"{seconds / 60:.0f} min left" if seconds > 90 else f"{seconds:.0f} s left"
