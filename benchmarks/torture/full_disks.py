"""A disk that is full: at every place where a command writes, on a small file system in memory."""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.torture.folders import Folders
from benchmarks.torture.jobs import EXPORT, RUN, Job, Stage
from benchmarks.torture.processes import Process, finish
from benchmarks.torture.records import Record
from benchmarks.torture.whole import not_whole
from tofa_tf.common.errors import UserError

_MEGABYTES = 256
_SCENARIOS = f"{RUN}/scenarios"


@dataclass(frozen=True)
class Full:
    """A place at which the disk is full.

    Attributes:
        job: the name of that which writes there.
        pattern: the disk is full as soon as this is there, below the folder of the round; empty:
            from the start.
        room_kib: that is left: what is written later than a trigger could tell fails all the same.
    """

    job: str
    pattern: str
    room_kib: int = 0

    @property
    def moment(self) -> str:
        """For people."""
        moment = f"once {self.pattern} is there" if self.pattern else "from the start"
        return f"{moment}, but for {self.room_kib} KiB" if self.room_kib else moment


# In the order in which it is written.
PLACES = (
    Full("run", ""),
    Full("run", f"{RUN}/.tofa.json"),
    Full("run", f"{RUN}/split.json"),
    Full("run", f"{RUN}/metrics.jsonl"),
    Full("run", f"{RUN}/checkpoint.npz"),
    Full("run", f"{RUN}/checkpoint_before.npz"),
    Full("run", f"{RUN}/supernet.weights.h5"),
    Full("run", "", 40),
    Full("run", f"{_SCENARIOS}/.making/macs_60k/model_int8.tflite"),
    Full("run", f"{_SCENARIOS}/macs_60k/scenario.json"),
    Full("run", f"{_SCENARIOS}/macs_60k/firmware"),
    Full("run", f"{_SCENARIOS}/.making/macs_100k/model_int8.tflite"),
    Full("run", f"{_SCENARIOS}/macs_100k/firmware"),
    Full("run", f"{RUN}/report.json"),
    Full("export", f".{EXPORT}.*"),
    Full("export", f".{EXPORT}.*/model_int8.tflite"),
    Full("report", ""),
    *(Full("run again", "", room) for room in (0, 12, 56, 100)),
    Full("run again", f"{_SCENARIOS}/.making/macs_60k/model_int8.tflite"),
    Full("run again", f"{_SCENARIOS}/.making/macs_100k/model_int8.tflite"),
    *(Full("export again", "", room) for room in (0, 8, 24, 60, 100)),
)


@contextlib.contextmanager
def small_disk(place: Path) -> Iterator[None]:
    """Mounts a small file system in memory for the time of the block.

    Args:
        place: a folder, whose own content is hidden meanwhile, or none yet.

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
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=False)


def fill_round(places: Sequence[Full], stages: Sequence[Stage], at: Folders) -> Iterator[Record]:
    """Runs all commands on a small disk that is full at places on the way, and compares.

    What they replace must be whole each time.

    Args:
        places: see `PLACES`.
        stages: the commands.
        at: the folders of the round, which is on a small disk of its own.
    """
    for stage in stages:
        for job in stage.jobs:
            yield from (_fill(place, job, at) for place in places if place.job == job.name)
            ended = finish(job, at.round, at.inputs)
            if ended and ended.code != 0:
                yield Record("end", job.name, 0, "with room again", ended.last_line, False)
                return
        yield at.compared(stage.name, 0)


def _fill(place: Full, job: Job, at: Folders) -> Record:
    """Lets the disk become full at one place; there is room again afterwards."""
    folder, pattern = at.round, place.pattern
    if pattern and any(folder.glob(pattern)):
        _undo(pattern, folder)
    ballast = folder.parent / "ballast"
    if not pattern:
        _write_until_full(ballast, place.room_kib)
    process = Process(job, folder, at.inputs)
    if pattern and process.reaches(lambda: any(folder.glob(pattern))):
        # A small export would be written before the disk is full.
        with process.paused():
            _write_until_full(ballast, place.room_kib)
    ended = process.wait()
    ballast.unlink(missing_ok=True)
    lost = not_whole(job, at)
    said = "; ".join([ended.last_line.replace(f"{folder}/", ""), *lost])
    good = ended.refused_in_one_line and not lost
    return Record("full disk", job.name, 0, place.moment, said, good)


def _undo(pattern: str, folder: Path) -> None:
    """Deletes the scenario, or else the whole of what the command made, that a file belongs to."""
    parts = Path(pattern).parts
    depth = 3 if "scenarios" in parts else 1
    shutil.rmtree(folder.joinpath(*parts[:depth]))


def _write_until_full(path: Path, room_kib: int = 0) -> None:
    """Takes all the room there is but for so much."""
    with contextlib.suppress(OSError), path.open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12, 1):
            with contextlib.suppress(OSError):
                while file.write(bytes(size)) == size:
                    pass
    if room_kib:
        os.truncate(path, max(path.stat().st_size - 1024 * room_kib, 0))
