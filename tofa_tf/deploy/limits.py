"""How much worse a model may be before a run counts as a regression; see `regressions.py`."""

import dataclasses

from tflite_export.common.settings import SettingsBase, setting

_HEADING = "Limits"


@dataclasses.dataclass(frozen=True)
class Limits(SettingsBase):
    """What counts as worse."""

    accuracy_points: float | None = setting(
        "Percentage points of int8 accuracy that may be lost; by default what the number of test "
        "images leaves open (three standard errors of the difference).",
        None, least=0, most=100, heading=_HEADING,
    )  # fmt: skip
    size_percent: float = setting(
        "By how much the .tflite file and the arena may grow.", 2.0, least=0, heading=_HEADING
    )
    latency_percent: float = setting(
        "By how much the latency estimate may grow.", 5.0, least=0, heading=_HEADING
    )
