"""How good a teacher is by itself: its head fitted on a few labels, its features frozen.

    python -m benchmarks.benchmark_teacher --sets=cifar10 --data_dir=DIR --labels=4,25 \
        --test_images=2000 --output=benchmarks/results/teacher

The same head gives the soft labels that `tofa train --teacher` distils into all subnets. How sure
it is should be how often it is right.
"""

import dataclasses
from typing import Any

import numpy as np

from benchmarks.results import CSV, Output, new_results, write_csv, write_table
from tflite_export.common.command import Command, run_command
from tflite_export.common.settings import SettingsBase, setting
from tofa_tf.common.errors import UserError
from tofa_tf.common.progress import Progress
from tofa_tf.data.labels import draw_labels
from tofa_tf.data.records import Dataset
from tofa_tf.data.sources import load_dataset
from tofa_tf.teacher.head import fit_head
from tofa_tf.teacher.load import load_teacher
from tofa_tf.teacher.names import EFFICIENTNET_LITE0
from tofa_tf.teacher.trunk import Trunk

_CHUNK = 256


@dataclasses.dataclass(frozen=True)
class Options(SettingsBase):
    """Which teacher is measured, and on what."""

    teacher: str = setting("As in tofa train.", EFFICIENTNET_LITE0)
    teacher_resolution: int | None = setting("As in tofa train.", None, least=8)
    sets: tuple[str, ...] = setting("Data sets, as in tofa train.", ("cifar10",))
    data_dir: str | None = setting("Where tensorflow-datasets finds its sets.", None)
    image_size: int = setting("Height and width of the images in pixels.", 32, least=8)
    labels: tuple[int, ...] = setting("Labelled images of each class.", (25,), least=1)
    splits: int = setting("Draws of the labelled images.", 3, least=2)
    test_images: int | None = setting("Test images drawn; none: all.", None, least=10)


def main(output: Output, options: Options) -> None:
    """Measures the teacher on every set and writes the table."""
    trunk = load_teacher(options.teacher, options.image_size, options.teacher_resolution)
    if trunk is None:
        raise UserError("teacher is none: name the teacher to measure")
    rows = []
    with new_results(output) as folder:
        for name in options.sets:
            dataset = load_dataset(name, image_size=options.image_size, data_dir=options.data_dir)
            rows += _measure(trunk, dataset, options)
        write_csv(folder / CSV, rows)
        write_table(folder, _table(rows, trunk, options))


def _measure(trunk: Trunk, dataset: Dataset, options: Options) -> list[dict[str, Any]]:
    """One row for each number of labels."""
    draws = {
        (labels, seed): draw_labels(dataset.train.labels, labels, dataset.class_names, seed)
        for labels in options.labels
        for seed in range(options.splits)
    }
    count = min(options.test_images or len(dataset.test), len(dataset.test))
    tested = np.sort(np.random.default_rng(0).permutation(len(dataset.test))[:count])
    used = np.unique(np.concatenate(list(draws.values())))
    images = np.concatenate([dataset.train.images[used], dataset.test.images[tested]])
    features = _describe(trunk, images)
    known, test = features[: len(used)], features[len(used) :]
    truth, classes = dataset.test.labels[tested], len(dataset.class_names)
    rows = []
    for labels in options.labels:
        right, sure, left_out = [], [], []
        for seed in range(options.splits):
            drawn = draws[labels, seed]
            places = np.searchsorted(used, drawn)
            head = fit_head(known[places], dataset.train.labels[drawn], classes)
            probabilities = head.probabilities(test)
            right.append(np.mean(probabilities.argmax(axis=1) == truth))
            sure.append(probabilities.max(axis=1).mean())
            left_out.append(head.left_out_accuracy)
        rows.append(
            {
                "set": dataset.name,
                "labels": labels,
                "test_images": count,
                "top1": np.mean(right),
                "top1_sd": np.std(right, ddof=1),
                "confidence": np.mean(sure),
                "left_out_accuracy": np.mean(left_out),
            }
        )
    return rows


def _describe(trunk: Trunk, images: np.ndarray) -> np.ndarray:
    features = []
    with Progress(len(images)) as progress:
        for start in range(0, len(images), _CHUNK):
            features.append(trunk.features(images[start : start + _CHUNK]))
            progress.images(min(start + _CHUNK, len(images)))
    return np.concatenate(features)


def _table(rows: list[dict[str, Any]], trunk: Trunk, options: Options) -> list[str]:
    return [
        "# A teacher by itself",
        "",
        "| set | labels a class | test images | top-1 | mean confidence | top-1, left out |",
        "|---|---|---|---|---|---|",
        *(
            f"| {row['set']} | {row['labels']} | {row['test_images']:,} "
            f"| {100 * row['top1']:.1f} +- {100 * row['top1_sd']:.1f} % "
            f"| {row['confidence']:.1%} | {row['left_out_accuracy']:.1%} |"
            for row in rows
        ),
        "",
        f"{trunk.name}, images of {options.image_size} pixels enlarged to {trunk.resolution}, "
        f"ridge head on {trunk.num_features:,} frozen features; mean and standard deviation over "
        f"{options.splits} splits. Left out: of the labelled images, each judged by the head that "
        f"is fitted to all others; no test label is needed for it. {trunk.notice}".rstrip(),
    ]


COMMAND = Command(main, (Output, Options))

if __name__ == "__main__":
    run_command(COMMAND)
