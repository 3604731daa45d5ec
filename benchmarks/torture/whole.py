"""Whether what a command replaces is whole at any moment: as it was, or as it is to be."""

import glob
from collections.abc import Sequence
from pathlib import Path

from benchmarks.torture.compare import differences
from benchmarks.torture.folders import Folders
from benchmarks.torture.jobs import AGAIN, FIRST, Job
from tflite_export.exporting.export_folder import FIRMWARE_FOLDER


def not_whole(job: Job, at: Folders) -> list[str]:
    """Returns which of the folders that a command replaces are neither as before nor as after it.

    A process that was killed between two renames has moved the old one aside, where the next one
    finds it.

    Args:
        job: the command, which has been disturbed.
        at: the folders of the round.
    """
    return [f"{name} is not whole" for name in job.replaces if not _survives(name, at)]


def moved_aside(names: Sequence[str], folder: Path) -> list[Path]:
    """Returns the folders that are being replaced, under the names that they have meanwhile.

    Args:
        names: of the folders.
        folder: of the round.
    """
    places = [folder / name for name in names]
    return [
        aside
        for place in places
        for aside in place.parent.glob(f".{glob.escape(place.name)}.old.*")
    ]


def _survives(name: str, at: Folders) -> bool:
    found = [at.round / name, *moved_aside([name], at.round)]
    old, new = (at.undisturbed(stage) / name for stage in (FIRST, AGAIN))
    return any(not differences(old, place) or _is_new(new, place) for place in found)


def _is_new(new: Path, found: Path) -> bool:
    """Whether a folder is the new one, to which firmware may still be added."""
    different = differences(new, found)
    others = [line for line in different if not line.startswith(f"{FIRMWARE_FOLDER}/")]
    begun = (found / FIRMWARE_FOLDER).is_dir() and any((found / FIRMWARE_FOLDER).glob("[!.]*"))
    return not different or not (others or begun)
