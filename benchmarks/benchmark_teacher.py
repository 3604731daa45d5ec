"""How good a teacher is by itself: its head fitted on a few labels, its features frozen.

    python -m benchmarks.benchmark_teacher --sets=cifar10 --data_dir=DIR --labels=4,25 \
        --test_images=2000 --output=benchmarks/results/teacher

From that head the unlabelled images get the soft labels that `tofa train --teacher` distils into
all subnets: how many of these are right is measured too, on images that nobody labelled. How sure
the head is should be how often it is right.
"""

import dataclasses
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.results import CSV, Output, new_results, write_csv, write_table
from tflite_export.common.command import Command, run_command
from tflite_export.common.markdown import escaped
from tflite_export.common.settings import SettingsBase, setting
from tofa_tf.common.errors import UserError
from tofa_tf.common.progress import Progress
from tofa_tf.data.labels import draw_labels
from tofa_tf.data.records import Dataset, ImageSet
from tofa_tf.data.sources import load_dataset
from tofa_tf.select.self_training import self_trained
from tofa_tf.teacher.features import describe_all
from tofa_tf.teacher.head import fit_head
from tofa_tf.teacher.load import load_teacher
from tofa_tf.teacher.names import EFFICIENTNET_LITE0
from tofa_tf.teacher.trunk import Trunk


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
    unlabelled: int | None = setting("Unlabelled images drawn; none: all.", None, least=10)
    teacher_cache: str | None = setting("As in tofa train.", None)


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
    train, test = dataset.train, _some(dataset.test, options.test_images)
    others = np.arange(len(train))
    if options.unlabelled:
        others = np.sort(np.random.default_rng(0).permutation(others)[: options.unlabelled])
    used = np.unique(np.concatenate([others, *draws.values()]))
    known = _describe(trunk, train.images[used], options)
    tested = _describe(trunk, test.images, options)
    classes, rows = len(dataset.class_names), []
    for labels in options.labels:
        figures = []
        for seed in range(options.splits):
            drawn = draws[labels, seed]
            head = fit_head(known[np.searchsorted(used, drawn)], train.labels[drawn], classes)
            probabilities = head.probabilities(tested)
            unlabelled = np.setdiff1d(others, drawn)
            pool = np.searchsorted(used, np.append(drawn, unlabelled))
            learnt = self_trained(head.linear, train.labels[drawn], [known[pool]])
            own = head.probabilities(known[pool[len(drawn) :]])
            figures.append(
                {
                    "top1": _right(probabilities, test.labels),
                    "confidence": probabilities.max(axis=1).mean(),
                    "left_out_accuracy": head.left_out_accuracy,
                    "unlabelled_by_head": _right(own, train.labels[unlabelled]),
                    "unlabelled": _right(learnt.targets[len(drawn) :], train.labels[unlabelled]),
                }
            )
        row = {"set": dataset.name, "labels": labels, "test_images": len(test)}
        row |= {"unlabelled_images": len(others)}
        for name in figures[0]:
            row[name] = np.mean([each[name] for each in figures])
            row[f"{name}_sd"] = np.std([each[name] for each in figures], ddof=1)
        rows.append(row)
    return rows


def _some(images: ImageSet, count: int | None) -> ImageSet:
    count = min(count or len(images), len(images))
    return images.take(np.sort(np.random.default_rng(0).permutation(len(images))[:count]))


def _right(probabilities: np.ndarray, labels: np.ndarray) -> float:
    return float(np.mean(probabilities.argmax(axis=1) == labels))


def _describe(trunk: Trunk, images: np.ndarray, options: Options) -> np.ndarray:
    with tempfile.TemporaryDirectory() as temporary, Progress(len(images)) as progress:
        folder = Path(options.teacher_cache or temporary)
        described = describe_all(trunk, images, folder, lambda done, _: progress.images(done))
        return described.of(slice(None))


def _table(rows: list[dict[str, Any]], trunk: Trunk, options: Options) -> list[str]:
    return [
        "# A teacher by itself",
        "",
        "| set | labels a class | test images | top-1 | mean confidence | top-1, left out "
        "| unlabelled images | right by the head | after it has learnt from them |",
        "|---|---|---|---|---|---|---|---|---|",
        *(
            f"| {escaped(row['set'])} | {row['labels']} | {row['test_images']:,} "
            f"| {_figure(row, 'top1')} | {row['confidence']:.1%} | {row['left_out_accuracy']:.1%} "
            f"| {row['unlabelled_images']:,} | {_figure(row, 'unlabelled_by_head')} "
            f"| {_figure(row, 'unlabelled')} |"
            for row in rows
        ),
        "",
        f"{trunk.name}, images of {options.image_size} pixels enlarged to {trunk.resolution}, "
        f"ridge head on {trunk.num_features:,} frozen features; mean and standard deviation over "
        f"{options.splits} splits. Left out: of the labelled images, each judged by the head that "
        f"is fitted to all others; no test label is needed for it. {trunk.notice}".rstrip(),
    ]


def _figure(row: dict[str, Any], name: str) -> str:
    return f"{100 * row[name]:.1f} +- {100 * row[f'{name}_sd']:.1f} %"


COMMAND = Command(main, (Output, Options))

if __name__ == "__main__":
    run_command(COMMAND)
