"""A disk that is full: at every place where a command writes, on a small file system in memory."""

import contextlib
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.torture.compare import differences
from benchmarks.torture.folders import Folders
from benchmarks.torture.jobs import EXPORT, RUN, Job, Process, finish
from benchmarks.torture.records import Record
from tofa_tf.common.errors import UserError

_MEGABYTES = 256
# The disk is full as soon as this is there (a pattern below the folder of the round), in the order
# in which it is written; the command is that which writes it.
PLACES = (
    ("run", ""),
    ("run", f"{RUN}/.tofa.json"),
    ("run", f"{RUN}/split.json"),
    ("run", f"{RUN}/metrics.jsonl"),
    ("run", f"{RUN}/checkpoint.npz"),
    ("run", f"{RUN}/checkpoint_before.npz"),
    ("run", f"{RUN}/supernet.weights.h5"),
    ("run", f"{RUN}/scenarios/macs_60k/model_int8.tflite"),
    ("run", f"{RUN}/scenarios/macs_60k/scenario.json"),
    ("run", f"{RUN}/scenarios/macs_60k/firmware"),
    ("run", f"{RUN}/scenarios/macs_100k/firmware"),
    ("run", f"{RUN}/report.json"),
    ("export", f".{EXPORT}.*"),
    ("export", f".{EXPORT}.*/model_int8.tflite"),
    ("report", ""),
)


@contextlib.contextmanager
def small_disk(place: Path) -> Iterator[Path]:
    """Mounts a small file system in memory for the time of the block.

    Args:
        place: an empty folder, or none yet.

    Raises:
        UserError: if nothing may be mounted.
    """
    place.mkdir(parents=True, exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={_MEGABYTES}m", "tmpfs", str(place)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode:
        raise UserError(
            f"cannot mount a small disk ({done.stderr.strip()}): run the same command by "
            "`unshare --map-root-user --mount`, or leave full disks out by --disks=0"
        )
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=False)


def fill_round(
    places: Sequence[tuple[str, str]],
    jobs: Sequence[Job],
    at: Folders,
) -> Iterator[Record]:
    """Runs all commands on a small disk that is full at places on the way, and compares.

    Args:
        places: see `PLACES`.
        jobs: the commands.
        at: the folders of the round, which is on a small disk of its own.
    """
    for job in jobs:
        for name, pattern in places:
            if name == job.name:
                yield _fill(pattern, job, at.round, at.inputs)
        ended = finish(job, at.round, at.inputs)
        if ended and ended.code != 0:
            yield Record("end", job.name, 0, "with room again", ended.last_line, False)
            return
    different = differences(at.undisturbed, at.round)
    yield Record("end", "all", 0, "compared", "; ".join(different) or "equal", not different)


def _fill(pattern: str, job: Job, folder: Path, inputs: Path) -> Record:
    """Lets the disk become full at one place; there is room again afterwards."""
    moment = f"once {pattern} is there" if pattern else "from the start"
    if pattern and any(folder.glob(pattern)):
        _undo(pattern, folder)
    ballast = folder.parent / "ballast"
    if not pattern:
        _write_until_full(ballast)
    process = Process(job, folder, inputs)
    if pattern and process.reaches(lambda: any(folder.glob(pattern))):
        # A small export would be written before the disk is full.
        with process.paused():
            _write_until_full(ballast)
    ended = process.wait()
    ballast.unlink(missing_ok=True)
    said = ended.last_line.replace(f"{folder}/", "")
    return Record("full disk", job.name, 0, moment, said, ended.refused_in_one_line)


def _undo(pattern: str, folder: Path) -> None:
    """Deletes the scenario, or else the whole of what the command made, that a file belongs to."""
    parts = Path(pattern).parts
    depth = 3 if "scenarios" in parts else 1
    shutil.rmtree(folder.joinpath(*parts[:depth]))


def _write_until_full(path: Path) -> None:
    """Takes all the room there is, to the last byte."""
    with contextlib.suppress(OSError), path.open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12, 1):
            with contextlib.suppress(OSError):
                while file.write(bytes(size)) == size:
                    pass
