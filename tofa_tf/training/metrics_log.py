"""What a training run says about itself: one JSON line a record, and the same in TensorBoard."""

import contextlib
import json
import math
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import tensorflow as tf

from tflite_export.common.console import warn
from tofa_tf.common.errors import UserError
from tofa_tf.common.files import append_line, write_text
from tofa_tf.common.workdir import METRICS
from tofa_tf.training.since_start import LATER, START

# Groups of charts in TensorBoard, beside that of the losses.
_GROUPS = {
    "mask_rate": "pseudo_labels",
    "pseudo_accuracy": "pseudo_labels",
    "images_per_second": "speed",
    "seconds": "speed",
    LATER: "validation",
    START: "validation",
}


class MetricsLog:
    """Appends records to `metrics.jsonl` and to TensorBoard event files.

    Args:
        folder: of the run.
    """

    def __init__(self, folder: str | os.PathLike):
        self.path = Path(folder) / METRICS
        self._events = Path(folder) / "tensorboard"
        with self._writing():
            self._writer = tf.summary.create_file_writer(str(self._events))

    def add(self, step: int, metrics: Mapping[str, float]) -> None:
        """Adds the record of one step."""
        append_line(self.path, json.dumps({"step": step, **metrics}))
        with self._writing(), self._writer.as_default(step=step):
            for name, value in metrics.items():
                tf.summary.scalar(_tag(name), value)

    def close(self) -> None:
        """Writes out what TensorBoard still holds back."""
        with self._writing():
            self._writer.close()

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except tf.errors.OpError as error:
            # Its first line ends in what the system said.
            reason = error.message.splitlines()[0].rpartition("; ")[2]
            raise UserError(f"cannot write {self._events}: {reason}") from error


def _tag(name: str) -> str:
    """Returns the name of a metric within its group of charts in TensorBoard."""
    if name == "loss" or name.endswith("_loss"):
        return f"loss/{name}"
    return f"{_GROUPS.get(name, 'training')}/{name}"


def drop_lines_from(path: str | os.PathLike, step: int) -> None:
    """Removes the records of `step` and later ones from a file of JSON lines, as before a resume.

    Lines that are damaged go too, with a warning unless it is the last one alone: that is what a
    killed process leaves half-written.
    """
    path = Path(path)
    if not (lines := _lines(path)):
        return
    steps = [_step_of(line) for line in lines]
    if None in steps[:-1]:
        warn(f"{path}: {steps.count(None)} of {len(lines)} lines are damaged and were removed")
    kept = [
        line.decode() for line, at in zip(lines, steps, strict=True) if at is not None and at < step
    ]
    write_text(path, "".join(f"{line}\n" for line in kept))


def training_seconds(folder: str | os.PathLike) -> float:
    """Returns how long the training in a folder took so far, all its parts together.

    That is what the last record says that can be read; 0 without one.

    Raises:
        UserError: if the log cannot be read.
    """
    path = Path(folder) / METRICS
    lines = _lines(path)
    for line in reversed(lines):
        seconds = _parsed(line).get("seconds")
        if isinstance(seconds, int | float) and math.isfinite(seconds):
            break
    else:
        seconds = 0.0
    if lines and _parsed(lines[-1]).get("seconds") != seconds:
        warn(f"{path} is damaged: training took {seconds:.0f} s by its last whole record")
    return float(seconds)


def _lines(path: Path) -> list[bytes]:
    """The lines of a file that need not be there."""
    try:
        return path.read_bytes().splitlines()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from error


def _step_of(line: bytes) -> int | None:
    """The step that a line is the record of; None if it is damaged."""
    step = _parsed(line).get("step")
    return step if isinstance(step, int) else None


def _parsed(line: bytes) -> dict[str, Any]:
    """A line's record; an empty one if it is damaged."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return record if isinstance(record, dict) else {}
