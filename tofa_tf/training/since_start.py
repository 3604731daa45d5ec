"""Whether training has made the largest net better than its start."""

import json
import math
from pathlib import Path

from tflite_export.common.console import warn
from tofa_tf.common.workdir import METRICS

# In the record of the first step, and in those of steps at which a checkpoint was saved.
START, LATER = "start_accuracy", "validation_accuracy"


def warn_if_worse(folder: Path, images: int) -> None:
    """Warns where the last validation is below that before the first step, by a standard error.

    Args:
        folder: of the run.
        images: of the validation part.
    """
    start, end = _accuracies(folder / METRICS)
    if start is None or end is None:
        return
    if end < start - math.sqrt(start * (1.0 - start) / images):
        warn(
            f"the largest net has {end:.1%} of the validation images right, and had {start:.1%} "
            "before the first step: more steps, more images a step or a smaller learning_rate "
            "may help"
        )


def _accuracies(path: Path) -> tuple[float | None, float | None]:
    """Before the first step, and after the last; None of what was not measured."""
    records = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return records[0].get(START), records[-1].get(LATER)
