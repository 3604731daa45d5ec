"""What a training run says about itself: one JSON line a record, and the same in TensorBoard."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

import tensorflow as tf

from tofa_tf.common.files import write_text

METRICS = "metrics.jsonl"


class MetricsLog:
    """Appends records to `metrics.jsonl` and to TensorBoard event files.

    Args:
        folder: of the run.
    """

    def __init__(self, folder: str | os.PathLike):
        self.path = Path(folder) / METRICS
        self._writer = tf.summary.create_file_writer(str(Path(folder) / "tensorboard"))

    def add(self, step: int, metrics: Mapping[str, float]) -> None:
        """Adds the record of one step."""
        with self.path.open("a") as file:
            file.write(json.dumps({"step": step, **metrics}) + "\n")
        with self._writer.as_default(step=step):
            for name, value in metrics.items():
                tf.summary.scalar(name, value)

    def close(self) -> None:
        """Writes out what TensorBoard still holds back."""
        self._writer.close()


def drop_lines_from(path: str | os.PathLike, step: int) -> None:
    """Removes the records of `step` and later ones from a file of JSON lines, as before a resume.

    A last line that a killed process left half-written goes too.
    """
    path = Path(path)
    if not path.exists():
        return
    kept = []
    for line in path.read_text().splitlines():
        try:
            if json.loads(line)["step"] < step:
                kept.append(line)
        except ValueError:
            continue
    write_text(path, "".join(f"{line}\n" for line in kept))
