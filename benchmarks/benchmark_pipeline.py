"""Images a second of the input pipeline, beside the augmentation layers of KerasCV and Keras.

    python -m benchmarks.benchmark_pipeline --output=benchmarks/results/pipeline

All methods read the same images from memory in the same batches through a parallel `tf.data` map.
The layers' RandAugment has other operations and ranges, draws from a stateful generator (so it does
not repeat itself in a parallel map) and, in Keras, the same operations for a whole batch.

At last whole training batches: how fast they come, and how fast the trainer of `mcu` takes them.
"""

import re
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import keras
import keras_cv
import numpy as np
import tensorflow as tf

from benchmarks.results import CSV, Output, new_results, write_csv, write_table
from tflite_export.common.command import Command, run_command
from tflite_export.common.json_data import JsonRecord
from tflite_export.common.settings import SettingsBase, setting
from tflite_export.common.versions import versions_of
from tofa_tf.common.errors import UserError
from tofa_tf.data import augment
from tofa_tf.data.pipeline import train_batches
from tofa_tf.data.rand_augment import rand_augment
from tofa_tf.data.records import ImageSet, TrainingImages
from tofa_tf.space.presets import get_space
from tofa_tf.space.search_space import SearchSpace
from tofa_tf.training.sampling import SandwichSampler
from tofa_tf.training.settings import TrainConfig, parse_search_space
from tofa_tf.training.trainer import build_training

_REFERENCE = "keras_cv RandAugment"
_POOL = 2048
_RATIO = 7

Augmentation = Callable[[tf.Tensor, tf.Tensor], tf.Tensor | tuple[tf.Tensor, ...]]


@dataclass(frozen=True)
class Options(SettingsBase):
    """What is measured, and for how long."""

    cases: tuple[str, ...] = setting(
        "Image side in pixels x images a batch.", ("32x64", "32x448", "64x448")
    )
    seconds: float = setting("Time of each measurement.", 3.0, least=0)
    labelled_batch: int = setting("Labelled images of a training step.", 64, least=1)
    search_space: str | JsonRecord = setting(
        "Of the trainer, as in tofa train.", "mcu", parse=parse_search_space
    )


@dataclass(frozen=True)
class Row:
    """One measurement; `ratio` is to KerasCV's RandAugment on the same batches."""

    side: int
    batch: int
    method: str
    images_per_second: float
    ratio: float


@dataclass(frozen=True)
class StepRow:
    """Whole training batches of one image side: what the pipeline makes, what the trainer takes."""

    side: int
    pipeline_steps_per_second: float
    trainer_steps_per_second: float


def main(output: Output, options: Options) -> None:
    """Measures every method and writes the tables."""
    space = get_space(options.search_space)
    cases, seconds = [_parse_case(case, space) for case in options.cases], options.seconds
    with new_results(output) as folder:
        rows = [row for side, batch in cases for row in _measure_case(side, batch, seconds)]
        steps = [
            _measure_steps(space.at_resolutions((side,)), options.labelled_batch, seconds)
            for side in sorted({side for side, _ in cases})
        ]
        write_csv(folder / CSV, rows)
        write_table(folder, _markdown(rows, steps, space.name, options.labelled_batch))


def _parse_case(case: str, space: SearchSpace) -> tuple[int, int]:
    match = re.fullmatch(r"([1-9]\d*)x([1-9]\d*)", case)
    if not match:
        raise UserError(f"cases has {case!r}: image side x batch is expected, e.g. 32x64")
    side, batch = int(match[1]), int(match[2])
    space.at_resolutions((side,))
    return side, batch


def _methods() -> dict[str, Augmentation]:
    by_keras_cv = keras_cv.layers.RandAugment(value_range=(0, 255), augmentations_per_image=2)
    by_keras = keras.layers.RandAugment(value_range=(0, 255), num_ops=2)
    return {
        "no augmentation": lambda images, _: images,
        "weak": augment.weak,
        "rand_augment": rand_augment,
        "strong (weak, rand_augment, cutout)": augment.strong,
        "weak and strong view": lambda images, seed: (
            augment.weak(images, seed),
            augment.strong(images, seed),
        ),
        _REFERENCE: lambda images, _: by_keras_cv(images),
        "keras RandAugment": lambda images, _: by_keras(images),
    }


def _measure_case(side: int, batch: int, seconds: float) -> list[Row]:
    speeds = {}
    for name, method in _methods().items():
        batches = _map_batches(_pool(side), batch, method)
        speeds[name] = batch * _batches_per_second(batches, seconds)
        print(f"{side} x {side}, batch {batch}, {name}: {speeds[name]:,.0f} images/s", flush=True)
    return [
        Row(side, batch, name, speed, speed / speeds[_REFERENCE]) for name, speed in speeds.items()
    ]


def _map_batches(pool: ImageSet, batch: int, method: Augmentation) -> tf.data.Dataset:
    images = tf.constant(pool.images)

    def make_batch(step: tf.Tensor) -> tf.Tensor | tuple[tf.Tensor, ...]:
        positions = (step * batch + tf.range(batch, dtype=tf.int64)) % len(pool)
        return method(tf.gather(images, positions), tf.stack([0, step]))

    steps = tf.data.Dataset.range(tf.int64.max)
    return steps.map(make_batch, tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE)


def _measure_steps(space: SearchSpace, labelled_batch: int, seconds: float) -> StepRow:
    (side,) = space.resolutions
    batches = train_batches(
        TrainingImages(_pool(side), np.arange(40), np.arange(_POOL)),
        labelled_batch=labelled_batch,
        unlabelled_ratio=_RATIO,
        seed=0,
        total_steps=2**31,
    )
    row = StepRow(
        side,
        _batches_per_second(batches, seconds),
        _trainer_steps_per_second(space, batches, seconds),
    )
    print(f"{side} x {side}, steps/s: {row}", flush=True)
    return row


def _trainer_steps_per_second(
    space: SearchSpace, batches: tf.data.Dataset, seconds: float
) -> float:
    """Counts training steps on one batch that is there already."""
    state, sampler = build_training(space, 10, TrainConfig()), SandwichSampler(space, seed=0)
    batch = next(iter(batches))
    steps = tf.data.Dataset.range(tf.int64.max)

    def train(steps: tf.data.Dataset) -> Iterator[None]:
        for step in steps:
            yield state(batch, sampler.archs(int(step)))

    return _batches_per_second(train(steps), seconds)


def _pool(side: int) -> ImageSet:
    pixels = np.random.default_rng(0).integers(0, 256, (_POOL, side, side, 3), np.uint8)
    return ImageSet(pixels, np.zeros(_POOL, np.int32))


def _batches_per_second(batches: Iterable, seconds: float) -> float:
    """Counts batches for the given time, after those that were prepared while tracing."""
    stream = iter(batches)
    for _ in range(4):
        next(stream)
    start, count = time.perf_counter(), 0
    while not count or time.perf_counter() - start < seconds:
        next(stream)
        count += 1
    return count / (time.perf_counter() - start)


def _markdown(rows: list[Row], steps: list[StepRow], space: str, labelled_batch: int) -> list[str]:
    lines = ["# Input pipeline", ""]
    for side, batch in dict.fromkeys((row.side, row.batch) for row in rows):
        lines += [
            f"## {side} x {side}, batch {batch}",
            "",
            f"| method | images/s | times {_REFERENCE} |",
            "|---|---|---|",
        ]
        lines += [
            f"| {row.method} | {row.images_per_second:,.0f} | {row.ratio:.1f} |"
            for row in rows
            if (row.side, row.batch) == (side, batch)
        ]
        lines.append("")
    views = labelled_batch * (1 + 2 * _RATIO)
    lines += [
        "## Whole training batches",
        "",
        "| side | pipeline steps/s | pipeline views/s | trainer steps/s | pipeline / trainer |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {row.side} | {row.pipeline_steps_per_second:.1f} "
        f"| {row.pipeline_steps_per_second * views:,.0f} | {row.trainer_steps_per_second:.2f} "
        f"| {row.pipeline_steps_per_second / row.trainer_steps_per_second:.1f} |"
        for row in steps
    ]
    lines += [
        "",
        f"A step is {labelled_batch} labelled images and two views of "
        f"{labelled_batch * _RATIO} unlabelled ones, {views} views in all. The trainer is that of "
        f"the `{space}` space, four nets a step; each of both has the machine for itself. "
        f"keras-cv {versions_of(['keras-cv'])['keras-cv']}.",
    ]
    return lines


COMMAND = Command(main, (Output, Options))

if __name__ == "__main__":
    run_command(COMMAND)
