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

from benchmarks.large_data_files import CLASSES, make_files
from benchmarks.results import CSV, Output, new_results, write_csv, write_table
from tflite_export.common.command import Command, run_command
from tflite_export.common.config_file import to_toml
from tflite_export.common.errors import UserError
from tflite_export.common.settings import SettingsBase, setting
from tofa_tf.common.workdir import sha256
from tofa_tf.data.pipeline import train_batches
from tofa_tf.data.records import TrainingImages
from tofa_tf.data.stored_images import StoredImages
from tofa_tf.training.experiment import Experiment, load_experiment
from tofa_tf.training.journal import METRICS, WEIGHTS
from tofa_tf.training.sampling import SandwichSampler
from tofa_tf.training.settings import Settings, TrainConfig
from tofa_tf.training.trainer import build_training

_POLL_SECONDS = 0.2
_MEMORY, _DISK, _COLD = "in memory", "on disk", "on disk, read from the disk itself"
_MIB = {_DISK: 0, _MEMORY: 1 << 20}
# Steps of a turn: the first ones fill the pipeline.
_FIRST, _MEASURED = 2, 8


@dataclasses.dataclass(frozen=True)
class Options(SettingsBase):
    """What is made and trained."""

    files: str = setting("Folder for the image files, which are made where they are missing.")
    images: int = setting("Image files, of ten classes.", 200_000, least=100)
    pixels: int = setting("Their height and width, and those of the net's images.", 64, least=8)
    search_space: str = setting("Of the nets.", "mcu")
    labelled_batch: int = setting(
        "Labelled images a step; unlabelled ones are 4 times as many.", 16
    )
    steps: int = setting("Steps of each training.", 20, least=5)
    turns: int = setting("Turns of each kind of images, of 8 steps each.", 6, least=1)


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
    files = Path(options.files)
    with new_results(output) as folder, tempfile.TemporaryDirectory() as scratch:
        make_files(files, options.images, options.pixels)
        settings = Settings.make(
            {
                "dataset": str(files),
                "labels_per_class": 100,
                "search_space": options.search_space,
                "resolutions": [options.pixels],
                "pretrained": "none",
                "steps": options.steps,
                "labelled_batch": options.labelled_batch,
                "log_every_steps": 1,
            }
        )
        trainings = [_train(settings, Path(scratch), images) for images in _MIB]
        usual = dataclasses.replace(settings.train, labelled_batch=TrainConfig.labelled_batch)
        usual = dataclasses.replace(settings, train=usual)
        trainings.append(_train(usual, Path(scratch), _DISK))
        milliseconds = _take_turns(settings, options.turns)
        write_csv(folder / CSV, [dataclasses.asdict(row) for row in trainings])
        write_table(folder, _markdown(trainings, milliseconds, options))


def _train(settings: Settings, scratch: Path, images: str) -> Training:
    batch = settings.train.labelled_batch
    workdir, config = scratch / f"{images} {batch}", scratch / "settings.toml"
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
    row = Training(images, batch, first, cpu, peak, sha256(workdir / WEIGHTS))
    print(row, flush=True)
    return row


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


def _take_turns(settings: Settings, turns: int) -> dict[str, list[float]]:
    """Milliseconds of the measured steps on each kind of images, turn after turn.

    Every turn has the same steps: the same images, augmentations and nets.
    """
    experiment = load_experiment(settings, image_memory_mib=_MIB[_DISK])
    training, pool = experiment.training, experiment.training.pool
    state = build_training(experiment.space, CLASSES, experiment.config)
    in_memory = dataclasses.replace(pool, images=np.asarray(pool.images))
    memory = _batches(dataclasses.replace(training, pool=in_memory), experiment)
    disk = _batches(training, experiment)
    archs = SandwichSampler(experiment.space, experiment.config.seed).archs
    found: dict[str, list[float]] = {_MEMORY: [], _DISK: [], _COLD: []}
    # The first turn traces what the others use.
    for turn in range(turns + 1):
        for images, steps in found.items():
            if images == _COLD:
                assert isinstance(pool.images, StoredImages)
                pool.images.drop_cache()
            stream = iter(memory if images == _MEMORY else disk)
            times = []
            for step in range(_FIRST + _MEASURED):
                began = time.perf_counter()
                metrics = state(next(stream), archs(step))
                float(metrics["loss"])
                times.append(1e3 * (time.perf_counter() - began))
            steps += times[_FIRST:] if turn else []
            print(f"turn {turn}, {images}: {statistics.median(times):.0f} ms a step", flush=True)
    return found


def _batches(training: TrainingImages, experiment: Experiment) -> tf.data.Dataset:
    config = experiment.config
    return train_batches(
        training,
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


def _markdown(
    trainings: Sequence[Training],
    milliseconds: Mapping[str, Sequence[float]],
    options: Options,
) -> list[str]:
    equal = "equal" if trainings[0].weights == trainings[1].weights else "DIFFERENT"
    decoded = options.images * 3 * options.pixels**2 / 2**30
    memory = milliseconds[_MEMORY]
    lines = [
        f"# {options.images:,} image files at {options.pixels} pixels",
        "",
        f"`tofa train` as a process. Decoded, the images take {decoded:.2f} GiB. Before the first "
        "step all files are found, decoded and hashed, and the step is traced. The first two end "
        f"with {equal} weights, byte by byte.",
        "",
        "| decoded images | labelled images a step | first step after | of CPU | most memory |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {row.images} | {row.labelled_batch} | {row.first_step_seconds:.0f} s "
        f"| {row.cpu_seconds:.0f} s | {row.peak_mib / 1024:.2f} GiB |"
        for row in trainings
    ]
    lines += [
        "",
        "Steps in turn in one process, the same steps on the same images, all of them in memory "
        "and all on disk:",
        "",
        "| decoded images | ms a step (median) | longer than in memory (median of pairs) |",
        "|---|---|---|",
    ]
    lines += [
        f"| {images} | {statistics.median(steps):.0f} | {longer(steps, memory):+.1%} |"
        for images, steps in milliseconds.items()
    ]
    lines += [
        "",
        f"{len(memory)} steps each, of {options.labelled_batch} labelled and "
        f"{4 * options.labelled_batch} unlabelled images, by nets of `{options.search_space}`. "
        "For the last row what the operating system has of the file is dropped before every turn, "
        "as if there were far more images than memory.",
    ]
    return lines


COMMAND = Command(main, (Output, Options))

if __name__ == "__main__":
    run_command(COMMAND)
