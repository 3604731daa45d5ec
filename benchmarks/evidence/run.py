"""Runs the arms of an experiment that are not finished yet, and writes its tables.

    python -m benchmarks.evidence.run --experiment=accuracy_cifar10 --data_dir=DIR --output=DIR

Every finished arm is a line of arms.jsonl in the output folder and is never run again, nor is one
that --known has; a training that was interrupted goes on. Experiments that share a folder share
arms and supernets. Tables, CSV and plot of the experiment are written anew after every arm, to a
folder of its name. Its sets, labels, splits, arms and levels can be narrowed by flags, and
everything that decides a training can be set: what differs counts as another arm.
"""

import dataclasses
import datetime
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.evidence.arms import ARMS, Arm
from benchmarks.evidence.bench import Bench
from benchmarks.evidence.image_sets import ImageSet, find_images, get_image_set
from benchmarks.evidence.records import Records, Row, fingerprint, latest
from benchmarks.evidence.studies import STEPS, STUDIES, Study
from benchmarks.evidence.tables import write_tables
from tflite_export.common.command import Command, run_command
from tflite_export.common.errors import TofaError
from tflite_export.common.settings import SettingsBase, setting
from tflite_export.common.versions import OF_MODELS, versions_of
from tofa_tf.common.errors import UserError
from tofa_tf.common.machine import describe_machine
from tofa_tf.data.labels import LabelsPerClass
from tofa_tf.pretrained.load import load_pretrained, resolve_pretrained
from tofa_tf.pretrained.names import DEFAULT, NONE
from tofa_tf.space.presets import get_space
from tofa_tf.training.automatic import settle
from tofa_tf.training.settings import Settings, TrainConfig, parse_search_space

# Where images are says nothing about what is computed.
_PLACES = ("dataset", "data_dir", "split", "teacher_cache")
# Settings that came after rows had been measured, which say nothing while they have these values.
_NEWER = {"mixed_precision": False}


@dataclasses.dataclass(frozen=True)
class Options(SettingsBase):
    """Which experiment, where, and what of it."""

    experiment: str = setting("Its name.", choices=tuple(STUDIES))
    output: str = setting("Folder of all experiments; what is finished there is kept.")
    known: tuple[str, ...] = setting(
        "Folders with arms.jsonl of what was finished elsewhere and need not be run again, such as "
        "benchmarks/results/evidence.",
        (),
    )
    data: str | None = setting("Folder of image sets that are files.", None)
    data_dir: str | None = setting("Where tensorflow-datasets finds its sets.", None)
    sets: tuple[str, ...] = setting(
        "Sets instead of the experiment's: known names, tensorflow-datasets or folders, as NAME "
        "or NAME@PIXELS.",
        (),
    )
    labels: tuple[int, ...] = setting("Labels a class instead of the experiment's.", (), least=1)
    arms: tuple[str, ...] = setting("Arms instead of the experiment's.", (), choices=tuple(ARMS))
    splits: int | None = setting("Splits instead of as many as the experiment has.", None, least=1)
    levels: int | None = setting("Nets of each arm, likewise.", None, least=2)
    search_space: str | None = setting(
        "Search space, by default that of tofa train.", None, parse=parse_search_space
    )
    pretrained: str = setting("Weights to start from, as in tofa train.", DEFAULT)
    validation: float | None = setting("As in tofa train.", None, least=0, most=0.99)


@dataclasses.dataclass(frozen=True)
class Job:
    """One arm on one split."""

    image_set: ImageSet
    labels_per_class: LabelsPerClass
    seed: int
    arm: Arm
    settings: Settings
    levels: int
    weights: str

    @property
    def place(self) -> str:
        """Where on a split it is."""
        name = self.image_set.name.strip("/").replace("/", "_")
        return f"{name}_{self.labels_per_class}_{self.seed}"

    @property
    def decides(self) -> dict[str, Any]:
        """The settings that decide what is computed."""
        settings = self.settings.to_json()
        unset = {name for name, value in _NEWER.items() if settings[name] == value}
        silent = unset.union(_PLACES)
        return {name: value for name, value in settings.items() if name not in silent}

    @property
    def mark(self) -> str:
        """The fingerprint of the arm."""
        what = self.image_set.name, self.arm.name, self.levels, self.weights
        return fingerprint(*what, self.decides)

    @property
    def folder(self) -> str:
        """Name of the folder for what is trained: the same for arms of equal settings."""
        return f"{self.place}_{fingerprint(self.weights, self.decides)}"


def main(options: Options, config: TrainConfig) -> None:
    """Runs what is not finished."""
    study = _narrowed(STUDIES[options.experiment], options)
    output = Path(options.output)
    output.mkdir(parents=True, exist_ok=True)
    records, jobs = Records(output), list(_jobs(study, options, config))
    folders = [*map(Path, options.known), output]
    finished = {mark for folder in folders for mark in Records(folder).finished()}
    todo = [job for job in jobs if job.mark not in finished]
    print(f"{len(jobs) - len(todo)} of {len(jobs)} arms are finished", flush=True)
    failures = []
    for number, job in enumerate(todo, 1):
        print(f"[{number}/{len(todo)}] {job.place} {job.arm.name}", flush=True)
        try:
            records.add(_run(job, output))
        except TofaError as error:
            # The night is long: what comes after may well run.
            failures.append(f"{job.place} {job.arm.name}: {error}")
            print(f"  failed: {error}", flush=True)
        write_tables(study, _rows(jobs, folders), output / options.experiment)
    if not todo:
        write_tables(study, _rows(jobs, folders), output / options.experiment)
    if failures:
        raise UserError(f"{len(failures)} of {len(todo)} arms failed, the first: {failures[0]}")


def _rows(jobs: Sequence[Job], folders: Sequence[Path]) -> list[Row]:
    """The finished ones of some jobs; rows of equal place by other settings or weights are not."""
    marks = {job.mark for job in jobs}
    found = (row for folder in folders for row in Records(folder).rows())
    return latest(row for row in found if row.fingerprint in marks)


def _narrowed(study: Study, options: Options) -> Study:
    changes = {
        name: value
        for name in ("sets", "labels", "arms", "splits", "levels")
        if (value := getattr(options, name))
    }
    return dataclasses.replace(study, **changes)


def _jobs(study: Study, options: Options, config: TrainConfig) -> Iterator[Job]:
    """All arms of a study; those of one split follow each other and share its images."""
    base = config.values() | dict(study.settings)
    base |= {
        "data_dir": options.data_dir,
        "validation": options.validation,
        "pretrained": options.pretrained,
        "teacher_cache": str(Path(options.output) / "teacher"),
    }
    if options.search_space:
        base["search_space"] = options.search_space
    for name in study.sets:
        image_set = get_image_set(name)
        data = Path(options.data) if options.data else None
        dataset = find_images(image_set, data, Path(options.output) / "images")
        fixed = base | dict(image_set.settings)
        fixed |= {"dataset": dataset, "resolutions": (image_set.resolution,)}
        for labels in study.labels:
            for seed in range(config.seed, config.seed + study.splits):
                for arm in (ARMS[name] for name in study.arms):
                    values = fixed | {"labels_per_class": labels, "seed": seed} | dict(arm.changes)
                    values["steps"] = values["steps"] or STEPS.get(labels, 0)
                    settings = Settings.make(values)
                    weights = _digest(settings)
                    # What is left open chooses itself by the start, and decides what is computed.
                    train = settle(settings.train, pretrained=weights != NONE)
                    settings = dataclasses.replace(settings, train=train)
                    yield Job(image_set, labels, seed, arm, settings, study.levels, weights)


def _run(job: Job, output: Path) -> Row:
    """Runs an arm to its end."""
    name = f"{job.place}_{job.arm.name}_{job.mark}"
    bench = Bench(job.settings, job.levels, output / "runs" / job.folder, output / "models", name)
    outcome = job.arm.measure(bench)
    row = Row(
        image_set=job.image_set.name,
        labels_per_class=job.labels_per_class,
        seed=job.seed,
        arm=job.arm.name,
        **{field.name: getattr(outcome, field.name) for field in dataclasses.fields(outcome)},
        settings=job.decides,
        fingerprint=job.mark,
        weights=job.weights,
        versions=versions_of(OF_MODELS),
        machine=describe_machine(),
        date=datetime.date.today().isoformat(),
    )
    shown = ", ".join(f"{level.macs / 1e6:.1f} M {level.accuracy:.1%}" for level in row.levels)
    print(f"  {shown}; {row.effort.seconds:.0f} s", flush=True)
    return row


_digests: dict[tuple[str, str], str] = {}


def _digest(settings: Settings) -> str:
    """Returns a digest of the pre-trained weights, whatever they are called."""
    space = get_space(settings.search_space)
    what = resolve_pretrained(settings.pretrained, space.name)
    if what == NONE:
        return NONE
    if (what, space.name) not in _digests:
        supernet = load_pretrained(what, None, space)
        sums = [float(np.abs(np.asarray(weight)).sum()) for weight in supernet.weights]
        _digests[what, space.name] = fingerprint(sums)
    return _digests[what, space.name]


COMMAND = Command(main, (Options, TrainConfig))

if __name__ == "__main__":
    run_command(COMMAND)
