"""Do several processes train the very supernet that one trains, and survive the loss of one?

    python -m benchmarks.benchmark_distribute --output=benchmarks/results/distribute

Trains by one process and by several with an equal batch of all together; then by several of which
the last is killed (SIGKILL) and all are started again. All run on this machine and talk over
localhost. Takes every flag of tofa train; from each run a model is deployed.
"""

import dataclasses
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import h5py
import numpy as np

from benchmarks.results import CSV, Output, new_results, write_csv, write_table
from tflite_export.common.command import Command, run_command
from tflite_export.common.config_file import to_toml
from tflite_export.common.errors import UserError
from tflite_export.common.markdown import escaped
from tflite_export.common.settings import SettingsBase, setting
from tofa_tf.deploy.results import RunReport
from tofa_tf.distribute.cluster import TF_CONFIG, Cluster
from tofa_tf.distribute.local import local_clusters
from tofa_tf.training.journal import METRICS, WEIGHTS
from tofa_tf.training.settings import MULTIWORKER, Settings

_DEFAULTS = {
    "dataset": "digits",
    "labels_per_class": 5,
    "pretrained": "none",
    "steps": 50,
    "log_every_steps": 1,
    "checkpoint_every_steps": 10,
}
_POLL_SECONDS = 0.1


@dataclasses.dataclass(frozen=True)
class Options(SettingsBase):
    """What this benchmark takes besides a training's settings."""

    workers: int = setting("Processes that train together.", 2, least=2, most=16)
    kill_after: int = setting("Finished steps after which the last of them is killed.", 25, least=1)
    scenario: str | None = setting(
        "Budgets of a model that is deployed from each run, as macs=1M; by default none.", None
    )


@dataclasses.dataclass(frozen=True)
class Row:
    """One training.

    Attributes:
        training: what was special.
        workers: how many.
        difference: largest absolute difference of any weight from one worker's.
        relative: the same as a share of the largest weight of its array.
        int8_accuracy: of the deployed model on the test images, a share of 1, if there is one.
        step_ms: median time of a step.
        seconds: of all, starting processes included.
    """

    training: str
    workers: int
    difference: float
    relative: float
    int8_accuracy: float | None
    step_ms: float
    seconds: float


def main(settings: Settings, output: Output, options: Options) -> None:
    """Trains four times, compares the weights, and writes the table."""
    with new_results(output) as folder, tempfile.TemporaryDirectory() as scratch:
        root, rows = Path(scratch), []
        rows.append(_trained(settings, options, root, "one process", 1))
        several = f"{options.workers} processes"
        rows.append(_trained(settings, options, root, several, options.workers))
        said = _lose_one(settings, options, root / "killed")
        rows.append(_trained(settings, options, root, "killed", options.workers))
        equal = (root / several / WEIGHTS).read_bytes() == (root / "killed" / WEIGHTS).read_bytes()
        write_csv(folder / CSV, rows)
        write_table(folder, _markdown(rows, settings, options, said, equal))


def _trained(settings: Settings, options: Options, root: Path, name: str, workers: int) -> Row:
    """Trains, or goes on, in a folder of that name, and compares it with the first."""
    folder, started = root / name, time.perf_counter()
    for process in _start(settings, folder, workers):
        _, errors = process.communicate()
        if process.returncode:
            raise UserError(f"{name}: {errors.strip().splitlines()[-1]}")
    seconds = time.perf_counter() - started
    difference, relative = _difference(root / "one process" / WEIGHTS, folder / WEIGHTS)
    accuracy = _deployed(folder, options.scenario) if options.scenario else None
    milliseconds = 1e3 * _step_seconds(folder)
    row = Row(name, workers, difference, relative, accuracy, milliseconds, seconds)
    print(row, flush=True)
    return row


def _deployed(folder: Path, scenario: str) -> float:
    command = (*_command("deploy"), str(folder), f"--scenarios={scenario}")
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    (made,) = RunReport.read(folder / "report.json").scenarios
    return made.int8_accuracy


def _lose_one(settings: Settings, options: Options, folder: Path) -> str:
    """Kills the last worker in the middle of a training and returns what the chief says."""
    processes = _start(settings, folder, options.workers)
    while len(_records(folder)) < options.kill_after:
        if processes[0].poll() is not None:
            raise UserError(f"the training ended before step {options.kill_after}")
        time.sleep(_POLL_SECONDS)
    processes[-1].kill()
    errors = [process.communicate()[1] for process in processes]
    if processes[0].returncode != 1:
        raise UserError(f"the chief ended with exit code {processes[0].returncode}: {errors[0]}")
    return re.sub(r":\d+\)", ":PORT)", errors[0].strip().splitlines()[-1])


def _start(settings: Settings, folder: Path, workers: int) -> list[subprocess.Popen]:
    config = folder.with_suffix(".toml")
    config.write_text(to_toml(settings.to_json()), encoding="utf-8")
    command = [*_command("train"), f"--config={config}", f"--workdir={folder}"]
    if workers == 1:
        return [_process(command)]
    command.append(f"--strategy={MULTIWORKER}")
    return [_process(command, cluster) for cluster in local_clusters(workers)]


def _process(command: Sequence[str], cluster: Cluster | None = None) -> subprocess.Popen:
    config = {TF_CONFIG: cluster.to_tf_config()} if cluster else {}
    return subprocess.Popen(
        command,
        env={**os.environ, **config},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def _command(name: str) -> tuple[str, ...]:
    return (sys.executable, "-m", f"tofa_tf.app.{name}")


def _records(folder: Path) -> list[dict]:
    path = folder / METRICS
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return [json.loads(line) for line in lines if line.endswith("}")]


def _step_seconds(folder: Path) -> float:
    """Median over the steps after the first, which is spent on tracing."""
    seconds = [record["seconds"] for record in _records(folder)]
    steps = [after - before for before, after in zip(seconds[1:], seconds[2:], strict=False)]
    return statistics.median(steps)


def _difference(one: Path, other: Path) -> tuple[float, float]:
    """Largest absolute difference of two files of weights, and as a share of an array's largest."""
    largest, relative = 0.0, 0.0
    with h5py.File(one) as before, h5py.File(other) as after:
        for name in _arrays(before):
            a, b = np.asarray(before[name], float), np.asarray(after[name], float)
            difference = float(np.max(np.abs(a - b), initial=0.0))
            largest = max(largest, difference)
            if difference:
                relative = max(relative, difference / float(np.max(np.abs(a))))
    return largest, relative


def _arrays(file: h5py.File) -> list[str]:
    names: list[str] = []
    file.visititems(
        lambda name, item: names.append(name) if isinstance(item, h5py.Dataset) else None
    )
    return names


def _markdown(
    rows: Sequence[Row], settings: Settings, options: Options, said: str, equal: bool
) -> list[str]:
    train, space = settings.train, settings.search_space
    space = space if isinstance(space, str) else space.to_json()["name"]
    return [
        f"# {options.workers} processes against one: {escaped(settings.dataset)}, "
        f"{train.steps} steps, float32",
        "",
        "| training | largest difference of a weight | as a share of its array's largest "
        "| int8 accuracy | ms a step | seconds in all |",
        "|---|---|---|---|---|---|",
        *(
            f"| {row.training} | {row.difference:.1e} | {row.relative:.1e} "
            f"| {'-' if row.int8_accuracy is None else f'{row.int8_accuracy:.2%}'} "
            f"| {row.step_ms:.0f} | {row.seconds:.0f} |"
            for row in rows
        ),
        "",
        f"Labelled batch {train.labelled_batch}, unlabelled "
        f"{train.labelled_batch * train.unlabelled_ratio}, of all processes together; search space "
        f"{escaped(space)}, rate {train.learning_rate or 'by default'}, rule "
        f"{train.pseudo_label}. The processes share the cores of one machine, so that several are "
        "no faster, and whatever else runs there counts in the times. A share is large where a "
        "whole array, such as the offsets of a batch norm, has hardly left 0.",
        "",
        f'"killed": after {options.kill_after} steps the last process was killed. The first ended '
        f"with exit code 1 and the line `{said}`; all were started again, and the final weights "
        f"are {'equal to the byte' if equal else 'not equal to the byte'} to those of "
        f"{options.workers} processes left alone.",
    ]


COMMAND = Command(main, (Settings, Output, Options), defaults=_DEFAULTS)

if __name__ == "__main__":
    run_command(COMMAND)
