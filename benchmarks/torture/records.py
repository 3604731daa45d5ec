"""What has been tried, and what came of it."""

import dataclasses
from collections.abc import Sequence

from tflite_export.common.json_data import JsonRecord

# What comes of a kill that is too late.
HAD_ENDED = "it had ended"
# What it meets otherwise.
_WRITING = "while {} was written"
_NOTHING = "nothing"


@dataclasses.dataclass(frozen=True)
class Record(JsonRecord):
    """One disturbance, or the end of a round.

    Attributes:
        kind: what was done: kill, full disk, damage, second process; end: of a round.
        job: the command that it was done to; all: of a whole round.
        round: its number.
        moment: when it was done.
        outcome: what came of it.
        good: whether that is as it should be.
    """

    kind: str
    job: str
    round: int
    moment: str
    outcome: str
    good: bool

    @property
    def hit(self) -> bool:
        """Whether a kill came before the process had ended."""
        return self.outcome != HAD_ENDED

    @property
    def writing(self) -> bool:
        """Whether it came while a file was being written."""
        return self.hit and not self.outcome.startswith(_WRITING.format(_NOTHING))


def while_written(names: Sequence[str]) -> str:
    """Says what a kill has met.

    Args:
        names: of what was being written.
    """
    return _WRITING.format(", ".join(names) or _NOTHING)
