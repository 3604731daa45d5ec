"""Damaged checkpoints, and two processes that want one folder."""

import random
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from benchmarks.torture.folders import Folders
from benchmarks.torture.jobs import RUN, Stage
from benchmarks.torture.processes import Process, finish
from benchmarks.torture.records import Record


def _truncated(content: bytes, generator: random.Random) -> bytes:
    return content[: generator.randrange(len(content))]


def _flipped(content: bytes, generator: random.Random) -> bytes:
    place = generator.randrange(len(content))
    return content[:place] + bytes([content[place] ^ 0xFF]) + content[place + 1 :]


def _noise(content: bytes, generator: random.Random) -> bytes:
    return generator.randbytes(len(content))


DAMAGES: Mapping[str, Callable[[bytes, random.Random], bytes]] = {
    "cut short": _truncated,
    "empty": lambda content, generator: b"",
    "one byte flipped": _flipped,
    "noise": _noise,
}


def damage_round(number: int, stage: Stage, place: Path, seed: int) -> Iterator[Record]:
    """Kills a training with two checkpoints, damages the last one, and lets it go on; compares.

    Meanwhile a second process is started on the same folder, and must be refused.

    Args:
        number: of the round, from which damage and place are drawn.
        stage: its commands, of which the first is the run.
        place: the work directory of the torture.
        seed: of the places.
    """
    at = Folders.of(place)
    folder, inputs = at.round, at.inputs
    run, generator = stage.jobs[0], random.Random(f"{seed} damage {number}")
    checkpoint = folder / RUN / "checkpoint.npz"
    process = Process(run, folder, inputs)
    before = folder / RUN / "checkpoint_before.npz"
    process.reaches(lambda: before.exists() and checkpoint.exists())
    process.kill()
    process.wait()
    name = list(DAMAGES)[number % len(DAMAGES)]
    if checkpoint.exists():
        checkpoint.write_bytes(DAMAGES[name](checkpoint.read_bytes(), generator))

    process = Process(run, folder, inputs)
    # The first moment at which the folder is the first process's.
    process.reaches(lambda: str(process.number) == _owner(folder / RUN / ".tofa.lock"))
    second = Process(run, folder, inputs)
    refused = second.wait()
    good = refused.refused_in_one_line and "another process" in refused.last_line
    yield Record("second process", run.name, number, "while the first trains",
                 refused.last_line.replace(f"{folder}/", ""), good)  # fmt: skip
    ended = process.wait()
    warned = next((line for line in ended.errors if line.startswith("warning: ")), "no warning")
    # A flipped byte may be one that nothing reads.
    good = ended.code == 0 and (warned != "no warning" or name == "one byte flipped")
    yield Record("damage", run.name, number, name, warned.replace(f"{folder}/", ""), good)
    for job in stage.jobs[1:]:
        finish(job, folder, inputs)
    yield at.compared(stage.name, number)


def _owner(lock: Path) -> str:
    return lock.read_text() if lock.exists() else ""
