"""Where a round works, and with what it is compared."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Self


@dataclass(frozen=True)
class Folders:
    """The folders of a round.

    Attributes:
        round: in which it works.
        inputs: what the commands need, see `benchmarks.torture.inputs`.
        undisturbed: what an undisturbed round has made.
    """

    round: Path
    inputs: Path
    undisturbed: Path

    @classmethod
    def of(cls, place: Path, folder: Path | None = None) -> Self:
        """Returns those of a new round, whose folder is empty.

        Args:
            place: the work directory of the torture.
            folder: in which the round works; None: one in the work directory.
        """
        folder = folder or place / "round"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        return cls(folder, place / "inputs", place / "undisturbed")
