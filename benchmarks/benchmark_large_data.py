"""Do images that exceed the memory train as fast as those in it, and how soon does it begin?

    python -m benchmarks.benchmark_large_data --files=DIR --output=benchmarks/results/large_data

Makes a folder of image files (once: they stay), then trains on it by `tofa train` as a process of
its own, with the decoded images on disk and with all of them in memory. At last steps on images in
memory and on disk take turns in one process, so that both see the same load of the machine.
"""

import dataclasses
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf

from benchmarks.journal import Journal
from benchmarks.large_data_files import CLASSES, make_files
from benchmarks.results import CSV, Output, new_results, write_csv, write_table
from tflite_export.common.command import Command, run_command
from tflite_export.common.config_file import to_toml
from tflite_export.common.errors import UserError
from tflite_export.common.settings import SettingsBase, setting
from tofa_tf.common.workdir import sha256
from tofa_tf.data.channels import RGB
from tofa_tf.data.decode import decode_all
from tofa_tf.data.pipeline import train_batches
from tofa_tf.data.reading import Reading
from tofa_tf.data.records import ImageSet, TrainingImages
from tofa_tf.data.scan import image_files
from tofa_tf.data.stored_images import ImageMemory, Pixels, StoredImages
from tofa_tf.space.presets import get_space
from tofa_tf.training.journal import METRICS, WEIGHTS
from tofa_tf.training.sampling import SandwichSampler
from tofa_tf.training.settings import Settings, TrainConfig
from tofa_tf.training.trainer import build_training

_POLL_SECONDS = 0.2
_MEMORY, _DISK, _COLD = "in memory", "on disk", "on disk, read from the disk itself"
_MIB = {_DISK: 0, _MEMORY: 1 << 20}
# Steps of a turn: the first ones fill the pipeline.
_FIRST, _MEASURED = 1, 6
# One of so many files takes part in these.
_EVERY = 10


@dataclasses.dataclass(frozen=True)
class Options(SettingsBase):
    """What is made and trained."""

    files: str = setting("Folder for the image files, which are made where they are missing.")
    images: int = setting("Image files, of ten classes.", 200_000, least=100)
    pixels: int = setting("Their height and width, and those of the net's images.", 64, least=8)
    search_space: str = setting("Of the nets.", "mcu")
    labelled_batch: int = setting("Labelled images a step, with 4 others each.", 16, least=1)
    steps: int = setting("Steps of each training.", 20, least=5)
    turns: int = setting("Turns of each kind of images, of 6 steps each.", 6, least=1)
    disk_only: bool = setting(
        "Only one training, with the decoded images on disk: for more files than fit into memory.",
        False,
    )
    journal: str = setting("File that keeps what is finished, for the same command to go on.", "")


@dataclasses.dataclass(frozen=True)
class Training:
    """One training by `tofa train`.

    Attributes:
        images: where they were kept.
        labelled_batch: labelled images a step.
        first_step_seconds: from the start of the process to the end of the first step.
        cpu_seconds: that the process had of all cores until then.
        peak_mib: most memory that the process had at a time, VmHWM of /proc/PID/status.
        weights: SHA-256 of the result.
    """

    images: str
    labelled_batch: int
    first_step_seconds: float
    cpu_seconds: float
    peak_mib: float
    weights: str


def main(output: Output, options: Options) -> None:
    """Makes the files, trains, measures steps in turn, and writes the table."""
    journal = Journal(options.journal)
    with new_results(output) as folder:
        make_files(Path(options.files), options.images, options.pixels)
        cases = [(_DISK, options.labelled_batch)]
        if not options.disk_only:
            cases += [(_MEMORY, options.labelled_batch), (_DISK, TrainConfig.labelled_batch)]
        trainings = [_trained(images, batch, options, journal) for images, batch in cases]
        lines = _trainings_table(trainings, options)
        if not options.disk_only:
            milliseconds = journal.piece(
                f"turns {options.turns} {options.labelled_batch}", lambda: _take_turns(options)
            )
            lines += _steps_table(milliseconds, options)
        write_csv(folder / CSV, trainings)
        write_table(folder, lines)


def _trained(images: str, batch: int, options: Options, journal: Journal) -> Training:
    settings = Settings.make(
        {
            "dataset": options.files,
            "labels_per_class": 100,
            "search_space": options.search_space,
            "resolutions": [options.pixels],
            "pretrained": "none",
            "steps": options.steps,
            "labelled_batch": batch,
            "log_every_steps": 1,
        }
    )
    with tempfile.TemporaryDirectory() as scratch:
        row = journal.piece(
            f"{images} {batch}",
            lambda: dataclasses.asdict(_train(settings, Path(scratch), images)),
        )
    return Training(**row)


def _train(settings: Settings, scratch: Path, images: str) -> Training:
    batch = settings.train.labelled_batch
    workdir, config = scratch / "run", scratch / "settings.toml"
    config.write_text(to_toml(settings.to_json()), encoding="utf-8")
    command = [
        *(sys.executable, "-m", "tofa_tf.app.train", f"--config={config}"),
        *(f"--workdir={workdir}", f"--image_memory_mib={_MIB[images]}"),
    ]
    began, first, cpu, peak = time.perf_counter(), 0.0, 0.0, 0.0
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    while process.poll() is None:
        peak = max(peak, _peak_mib(process.pid))
        if not first and _records(workdir):
            first, cpu = time.perf_counter() - began, _cpu_seconds(process.pid)
        time.sleep(_POLL_SECONDS)
    if process.returncode or not first:
        raise UserError(f"the training with images {images} failed")
    return Training(images, batch, first, cpu, peak, sha256(workdir / WEIGHTS))


def _peak_mib(pid: int) -> float:
    """Most memory of a process so far; 0 if it has ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except OSError:
        return 0.0
    found = (line.split() for line in status.splitlines() if line.startswith("VmHWM:"))
    return next((int(kib) / 1024 for _, kib, _ in found), 0.0)


def _cpu_seconds(pid: int) -> float:
    """What a process has had of all cores so far."""
    # After the name of the program, which may hold spaces: user and system time stand 12th.
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")


def _records(workdir: Path) -> list[dict]:
    path = workdir / METRICS
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return [json.loads(line) for line in lines if line.endswith("}")]


def _take_turns(options: Options) -> dict[str, dict[str, list[float]]]:
    """Milliseconds of steps on each kind of images, of the clock and of all cores.

    Every turn has the same steps: the same images, augmentations and nets. Those of the cores are
    of the whole process, its reading of images included, each the mean of a turn.
    """
    stored, config = _some_on_disk(options), TrainConfig(labelled_batch=options.labelled_batch)
    streams = {_MEMORY: _batches(np.asarray(stored), config), _DISK: _batches(stored, config)}
    streams[_COLD] = streams[_DISK]
    space = get_space(options.search_space).at_resolutions((options.pixels,))
    state, archs = build_training(space, CLASSES, config), SandwichSampler(space, config.seed).archs
    found: dict[str, dict[str, list[float]]] = {
        images: {"clock": [], "cores": []} for images in streams
    }
    # The first turn traces what the others use.
    for turn in range(options.turns + 1):
        for images, batches in streams.items():
            if images == _COLD:
                stored.drop_cache()
            stream, times, cores = iter(batches), [], time.process_time()
            for step in range(_FIRST + _MEASURED):
                began = time.perf_counter()
                float(state(next(stream), archs(step))["loss"])
                times.append(1e3 * (time.perf_counter() - began))
            cores = 1e3 * (time.process_time() - cores) / len(times)
            print(f"{turn}, {images}: {statistics.median(times):.0f}, {cores:.0f} ms", flush=True)
            if turn:
                found[images]["clock"] += times[_FIRST:]
                found[images]["cores"].append(cores)
    return found


def _some_on_disk(options: Options) -> StoredImages:
    """One of so many images, which fit into memory beside those on disk."""
    paths = [Path(options.files) / name for name in image_files(options.files)[::_EVERY]]
    reading = Reading(ImageMemory(0))
    (images,), _, _ = decode_all(paths, (options.pixels,), RGB, options.files, reading)
    assert isinstance(images, StoredImages)
    return images


def _batches(images: Pixels, config: TrainConfig) -> tf.data.Dataset:
    positions = np.arange(len(images))
    pool = ImageSet(images, (positions % CLASSES).astype(np.int32))
    return train_batches(
        TrainingImages(pool, positions[: 100 * CLASSES], positions),
        labelled_batch=config.labelled_batch,
        unlabelled_ratio=config.unlabelled_ratio,
        seed=config.seed,
        total_steps=_FIRST + _MEASURED,
    )


def longer(slower: Sequence[float], faster: Sequence[float]) -> float:
    """By what share equal steps took longer: the median over pairs, minus 1.

    Args:
        slower: milliseconds of steps.
        faster: those of the same steps on other images.
    """
    return statistics.median(np.divide(slower, faster)) - 1


def _trainings_table(trainings: Sequence[Training], options: Options) -> list[str]:
    decoded = options.images * 3 * options.pixels**2 / 2**30
    said = (
        f"`tofa train` as a process. Decoded, the images take {decoded:.2f} GiB. Before the first "
        "step all files are found, decoded and hashed, and the step is traced."
    )
    if len(trainings) > 1:
        equal = "equal" if trainings[0].weights == trainings[1].weights else "DIFFERENT"
        said += f" The first two end with {equal} weights, byte by byte."
    return [
        f"# {options.images:,} image files at {options.pixels} pixels",
        "",
        said,
        "",
        "| decoded images | labelled images a step | first step after | of CPU | most memory |",
        "|---|---|---|---|---|",
        *(
            f"| {row.images} | {row.labelled_batch} | {row.first_step_seconds:.0f} s "
            f"| {row.cpu_seconds:.0f} s | {row.peak_mib / 1024:.2f} GiB |"
            for row in trainings
        ),
    ]


def _steps_table(
    milliseconds: Mapping[str, Mapping[str, Sequence[float]]], options: Options
) -> list[str]:
    memory = milliseconds[_MEMORY]
    lines = [
        "",
        f"Steps in turn in one process, the same steps on the same images, every {_EVERY}th of "
        "all, of which one copy is in memory and one on disk:",
        "",
        "| decoded images | ms a step by the clock | longer than in memory | ms a step of all "
        "cores | longer than in memory |",
        "|---|---|---|---|---|",
    ]
    for images, steps in milliseconds.items():
        cells = [
            f"{statistics.median(steps[kind]):.0f} | {longer(steps[kind], memory[kind]):+.1%}"
            for kind in ("clock", "cores")
        ]
        lines.append(f"| {images} | {' | '.join(cells)} |")
    return [
        *lines,
        "",
        f"{len(memory['clock'])} steps each, of {options.labelled_batch} labelled and "
        f"{4 * options.labelled_batch} unlabelled images, by nets of `{options.search_space}`; "
        "medians, and medians of pairs of equal steps. What all cores spend holds whatever else a "
        "machine does; the clock does not. "
        "For the last row what the operating system has of the file is dropped before every turn, "
        "as if there were far more images than memory.",
    ]


COMMAND = Command(main, (Output, Options))

if __name__ == "__main__":
    run_command(COMMAND)
