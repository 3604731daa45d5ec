"""Kills, fills disks and damages files for as long as one likes; `make torture`.

    python -m benchmarks.torture.run --kills=50 --disks=10 --workdir=runs/torture --output=DIR

Small trainings, deployments and exports on the digits run as processes of their own, forked where
TensorFlow is loaded, so that all they do is work. They are killed by SIGKILL at random moments,
half of them while a file is being written; their disk is full at every place where they write;
their last checkpoint is damaged; a second process wants their folder. After each disturbance the
same command runs again, and at the end the files must be those of an undisturbed round, byte for
byte. Then the models are made again in another way, over those that are there: of each, the old one
or the new one must be whole after every disturbance. Finished rounds are kept in the work
directory: the same command goes on. Full disks need a file system of their own: run it as root, or
by `unshare --map-root-user --mount`.
"""

import dataclasses
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from benchmarks.journal import Journal
from benchmarks.results import Output, new_results
from benchmarks.torture.compare import exact_files
from benchmarks.torture.damage import damage_round
from benchmarks.torture.folders import Folders, disk_of
from benchmarks.torture.full_disks import PLACES, fill_round, small_disk
from benchmarks.torture.inputs import make_inputs
from benchmarks.torture.jobs import Stage, stages
from benchmarks.torture.kills import kill_round
from benchmarks.torture.processes import finish, in_a_process
from benchmarks.torture.records import Record
from benchmarks.torture.table import write_results
from tflite_export.common.command import Command, run_command
from tflite_export.common.settings import SettingsBase, setting
from tofa_tf.common.errors import UserError

# Under another name than when rounds had one stage: those count no more.
_JOURNAL = "rounds_of_stages.jsonl"


@dataclasses.dataclass(frozen=True)
class Options(SettingsBase):
    """How much is disturbed, and where."""

    kills: int = setting("How many kills in all.", 50, least=0)
    disks: int = setting("At how many places the disk is full.", len(PLACES), least=0)
    damages: int = setting("How many damaged checkpoints.", 4, least=0)
    minutes: float = setting("No round begins after so many; the same command goes on.", 1e6)
    steps: int = setting("Of the training.", 16, least=8)
    seed: int = setting("What moments and places are drawn with.", 0, least=0)
    workdir: str = setting("Folder of the rounds.", "runs/torture")


def main(output: Output, options: Options) -> None:
    """Runs what is not finished, and writes the table."""
    started = time.monotonic()
    place = Path(options.workdir)
    place.mkdir(parents=True, exist_ok=True)
    journal, work = Journal(str(place / _JOURNAL)), stages(options.steps)
    seconds = journal.piece("undisturbed", lambda: _undisturbed(place, work, options.seed))
    records: list[Record] = []
    for records_of_a_round in _rounds(place, options, journal, work, seconds):
        records += records_of_a_round
        if time.monotonic() - started > 60 * options.minutes:
            break
    with new_results(dataclasses.replace(output, overwrite=True)) as folder:
        write_results(folder, records, exact_files(place / "undisturbed" / work[-1].name))
    bad = [record for record in records if not record.good]
    if bad:
        raise UserError(f"{len(bad)} of {len(records)} went wrong, the first: {bad[0]}")


def _undisturbed(place: Path, work: tuple[Stage, ...], seed: int) -> dict[str, float]:
    """Makes inputs and an undisturbed round; returns how long each job took."""
    for name in ("inputs", "undisturbed"):
        shutil.rmtree(place / name, ignore_errors=True)
    at = Folders.of(place)
    in_a_process(make_inputs, at.inputs, seed)
    seconds = {}
    for stage in work:
        for job in stage.jobs:
            ended = finish(job, at.round, at.inputs)
            if ended is None or ended.code != 0:
                raise UserError(f"undisturbed, {job.name} ended with {ended}")
            seconds[job.name] = ended.seconds
        shutil.copytree(at.round, at.undisturbed(stage.name))
    return seconds


def _rounds(
    place: Path,
    options: Options,
    journal: Journal,
    work: tuple[Stage, ...],
    seconds: dict[str, float],
) -> Iterator[list[Record]]:
    """Yields the records of each round, first of those that are finished."""

    def piece(key: str, make: Callable[..., Iterable[Record]], *arguments: object) -> list[Record]:
        made = journal.piece(key, lambda: [record.to_json() for record in make(*arguments)])
        return [Record.from_json(record) for record in made]

    if options.disks:
        yield piece(f"{options.disks} disks", _fill, place, options.disks, work)
    for number in range(options.damages):
        yield piece(f"damage {number}", damage_round, number, work[0], place, options.seed)
    hits = number = 0
    while hits < options.kills:
        kills = piece(f"kills {number}", kill_round, number, work, place, options.seed, seconds)
        hits, number = hits + _hits(kills), number + 1
        yield kills


def _fill(place: Path, disks: int, work: tuple[Stage, ...]) -> list[Record]:
    with small_disk(disk_of(place)):
        return list(fill_round(PLACES[:disks], work, Folders.of(place)))


def _hits(records: list[Record]) -> int:
    """How many processes a kill has ended."""
    return sum(record.kind == "kill" and record.hit for record in records)


COMMAND = Command(main, (Output, Options))

if __name__ == "__main__":
    run_command(COMMAND)
