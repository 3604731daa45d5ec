"""Times that one's own board printed, and what they say of estimates for it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tflite_export.common.json_data import JsonRecord

# A single model says nothing of others' ops; that much of the error without it may be left.
_LEFT_BY_ONE = 0.6
_LEAST_ERROR = 0.1


@dataclass(frozen=True)
class Measurement(JsonRecord):
    """One model's time on a board.

    Attributes:
        model: first 16 digits of the SHA-256 of its .tflite.
        measured_ms: of one inference, as the board printed.
        estimated_ms: what the estimate was without calibration.
    """

    model: str
    measured_ms: float
    estimated_ms: float

    @property
    def factor(self) -> float:
        """How much slower the board is than estimated."""
        return self.measured_ms / self.estimated_ms


def correction(measurements: Sequence[Measurement], error: float) -> tuple[float, float]:
    """Returns the factor to correct estimates by, and their relative error then.

    Args:
        measurements: of one board, each of another model; may be none.
        error: relative error without them.
    """
    if not measurements:
        return 1.0, error
    logs = [math.log(one.factor) for one in measurements]
    middle = sum(logs) / len(logs)
    left = error * _LEFT_BY_ONE / math.sqrt(len(logs))
    spread = max(math.exp(abs(log - middle)) - 1 for log in logs)
    return math.exp(middle), max(spread, left, _LEAST_ERROR)
