"""A round of kills: commands are killed at random moments, and must end as if they had not been."""

import random
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from benchmarks.torture.compare import differences
from benchmarks.torture.folders import Folders
from benchmarks.torture.jobs import Job, Process, finish, temporary_names
from benchmarks.torture.records import HAD_ENDED, Record

# How many times a command is killed in a round, by its name: the run takes longest and has most to
# lose.
_KILLS = {"run": 4, "export": 2, "report": 1}
# One kill of so many waits until a file is being written.
_WHILE_WRITING = 0.5
_KILLED = -9


def kill_round(
    number: int, jobs: Sequence[Job], place: Path, seed: int, seconds: Mapping[str, float]
) -> Iterator[Record]:
    """Runs all commands in an empty folder, kills them on the way, and compares what they made.

    Args:
        number: of the round, from which its moments are drawn.
        jobs: the commands.
        place: the work directory of the torture.
        seed: of the moments.
        seconds: that each command takes undisturbed, by its name.
    """
    at, generator = Folders.of(place), random.Random(f"{seed} kills {number}")
    for job in jobs:
        for _ in range(_KILLS[job.name]):
            if not (job.made and (at.round / job.made).exists()):
                yield _kill(number, job, at, generator, seconds[job.name])
        ended = finish(job, at.round, at.inputs)
        if ended and ended.code != 0:
            yield Record("end", job.name, number, "at the end", ended.last_line, False)
            return
    different = differences(at.undisturbed, at.round)
    yield Record("end", "all", number, "compared", "; ".join(different) or "equal", not different)


def _kill(
    number: int,
    job: Job,
    at: Folders,
    generator: random.Random,
    seconds: float,
) -> Record:
    """Starts a command and kills it at a moment drawn."""
    after = generator.uniform(0, seconds)
    writing = generator.random() < _WHILE_WRITING
    before = set(temporary_names(at.round))
    process = Process(job, at.round, at.inputs)
    started = time.monotonic()

    def due() -> bool:
        if time.monotonic() - started < after:
            return False
        return not writing or bool(set(temporary_names(at.round)) - before)

    process.reaches(due)
    hit = sorted(path.name for path in set(temporary_names(at.round)) - before)
    process.kill()
    ended = process.wait()
    what = f"while {', '.join(hit)} was written" if hit else "while nothing was written"
    if ended.code != _KILLED:
        what = HAD_ENDED
    # A process that the kill came too late for must have ended well.
    return Record(
        "kill", job.name, number, f"after {after:.1f} s", what, ended.code in (_KILLED, 0)
    )
