"""Where a round works, and with what it is compared."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from benchmarks.torture.compare import differences
from benchmarks.torture.records import Record


def disk_of(place: Path) -> Path:
    """Returns where every round works, for reports name the folder; a disk may be mounted there.

    Args:
        place: the work directory of the torture.
    """
    return place / "disk"


@dataclass(frozen=True)
class Folders:
    """The folders of a round.

    Attributes:
        round: in which it works.
        place: the work directory of the torture.
    """

    round: Path
    place: Path

    @property
    def inputs(self) -> Path:
        """What the commands need, see `benchmarks.torture.inputs`."""
        return self.place / "inputs"

    def undisturbed(self, stage: str) -> Path:
        """Returns what an undisturbed round has made by the end of a stage."""
        return self.place / "undisturbed" / stage

    @classmethod
    def of(cls, place: Path) -> Self:
        """Returns those of a new round, whose folder is empty.

        Args:
            place: the work directory of the torture.
        """
        folder = disk_of(place) / "round"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return cls(folder, place)

    def compared(self, stage: str, number: int) -> Record:
        """Compares the folder of the round at the end of a stage.

        Args:
            stage: its name.
            number: of the round.
        """
        different = differences(self.undisturbed(stage), self.round)
        outcome = "; ".join(different) or "equal"
        return Record("end", "all", number, f"compared, {stage}", outcome, not different)
