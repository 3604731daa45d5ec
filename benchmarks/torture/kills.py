"""A round of kills: commands are killed at random moments, and must end as if they had not been."""

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from pathlib import Path

from benchmarks.torture.folders import Folders
from benchmarks.torture.jobs import Job, Stage
from benchmarks.torture.processes import Process, finish, temporary_names
from benchmarks.torture.records import HAD_ENDED, Record, while_written
from benchmarks.torture.whole import moved_aside, not_whole

# How many times a job is killed in a round, by its name: the run takes longest and has most to
# lose.
_KILLS = {"run": 4, "export": 2, "report": 1, "run again": 3, "export again": 3}
# This share of kills waits until a file is being written, half of these for a little longer.
_WHILE_WRITING = 0.5
_LONGER_SECONDS = 0.3
# This share waits, where a folder is replaced, until the old one has been moved aside.
_WHILE_REPLACING = 0.3
_KILLED = -9


def kill_round(
    number: int, stages: Sequence[Stage], place: Path, seed: int, seconds: Mapping[str, float]
) -> Iterator[Record]:
    """Runs all commands in an empty folder, kills them on the way, and compares what they made.

    What they replace must be whole after each kill.

    Args:
        number: of the round, from which its moments are drawn.
        stages: the commands.
        place: the work directory of the torture.
        seed: of the moments.
        seconds: that each job takes undisturbed, by its name.
    """
    at, generator = Folders.of(place), random.Random(f"{seed} kills {number}")
    for stage in stages:
        for job in stage.jobs:
            for _ in range(_KILLS[job.name]):
                if not (job.made and (at.round / job.made).exists()):
                    yield _kill(number, job, at, generator, seconds[job.name])
            ended = finish(job, at.round, at.inputs)
            if ended and ended.code != 0:
                yield Record("end", job.name, number, "at the end", ended.last_line, False)
                return
        yield at.compared(stage.name, number)


def _kill(
    number: int,
    job: Job,
    at: Folders,
    generator: random.Random,
    seconds: float,
) -> Record:
    """Starts a command and kills it at a moment drawn."""
    after = generator.uniform(0, seconds)
    before = set(temporary_names(at.round))
    moment = _moment(job, at.round, before, generator)
    process = Process(job, at.round, at.inputs)
    started = time.monotonic()
    process.reaches(lambda: time.monotonic() - started >= after and moment())
    hit = set(temporary_names(at.round)) - before
    process.kill()
    ended = process.wait()
    what = while_written(sorted(path.name for path in hit if path.parent not in hit))
    if ended.code != _KILLED:
        what = HAD_ENDED
    lost = not_whole(job, at)
    # A process that the kill came too late for must have ended well.
    good = ended.code in (_KILLED, 0) and not lost
    outcome = "; ".join([what, *lost])
    return Record("kill", job.name, number, f"after {after:.1f} s", outcome, good)


def _moment(
    job: Job, folder: Path, before: Set[Path], generator: random.Random
) -> Callable[[], bool]:
    """Draws what a kill waits for once its time has come.

    Args:
        job: the command.
        folder: of the round.
        before: what was there under temporary names before the command.
        generator: of what is drawn.
    """
    kind, longer = generator.random(), generator.choice((0.0, _LONGER_SECONDS))
    longer *= generator.random()
    if job.replaces and kind < _WHILE_REPLACING:
        return lambda: bool(set(moved_aside(job.replaces, folder)) - before)
    if kind >= _WHILE_WRITING:
        return lambda: True
    seen: list[float] = []

    def due() -> bool:
        if not seen and set(temporary_names(folder)) - before:
            seen.append(time.monotonic())
        return bool(seen) and time.monotonic() - seen[0] >= longer

    return due
