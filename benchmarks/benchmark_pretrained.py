"""What pre-trained weights are worth: top-1 where they were trained, a ridge head elsewhere.

    python -m benchmarks.benchmark_pretrained --tiny_imagenet=tiny-imagenet-200 --sets=cifar10 \
        --data_dir=DIR --weights=mcu_wide:supernet.weights.h5,mcu:tiny_imagenet \
        --output=benchmarks/results/pretrained

For every entry SPACE:WEIGHTS nets from the smallest to the largest are harvested and their
batch norm is recalibrated on 2,000 training images. On Tiny-ImageNet their own classifier is
measured, where it has as many classes; on the other sets the features before the classifier stay
frozen, and ridge regression is fitted on a few labelled images of each class.
"""

import dataclasses
import functools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from benchmarks.results import CSV, Output, new_results, write_csv, write_table
from tflite_export.common.command import Command, run_command
from tflite_export.common.settings import SettingsBase, setting
from tofa_tf.data import tiny_imagenet
from tofa_tf.data.channels import RGB
from tofa_tf.data.labels import draw_labels
from tofa_tf.data.normalize import normalize
from tofa_tf.data.records import Dataset, ImageSet
from tofa_tf.data.resize import resize_all
from tofa_tf.data.sources import load_dataset
from tofa_tf.nets.harvest import harvest
from tofa_tf.nets.recalibrate import recalibrate
from tofa_tf.nets.supernet import Supernet
from tofa_tf.pretrained.load import load_pretrained
from tofa_tf.select.ridge import fit_ridge
from tofa_tf.space.arch import Arch
from tofa_tf.space.cost import cost
from tofa_tf.space.presets import get_space
from tofa_tf.training.sampling import spread_archs
from tofa_tf.training.settings import parse_search_space

_RECALIBRATION_IMAGES = 2000
_BATCH = 500


@dataclasses.dataclass(frozen=True)
class Options(SettingsBase):
    """Which weights are measured, and on what."""

    weights: tuple[str, ...] = setting(
        "Entries SPACE:WEIGHTS, as in tofa train --search_space and --pretrained.",
        ("mcu:tiny_imagenet",),
    )
    tiny_imagenet: str | None = setting("The folder tiny-imagenet-200; none: not measured.", None)
    cache: str | None = setting("Folder to keep its decoded images in.", None)
    sets: tuple[str, ...] = setting("Sets for the ridge head, as in tofa train.", ("cifar10",))
    data_dir: str | None = setting("Where tensorflow-datasets finds its sets.", None)
    resolutions: tuple[int, ...] = setting("Image sizes in pixels.", (32,), least=8)
    labels: int = setting("Labelled images of each class.", 25, least=1)
    splits: int = setting("Draws of the labelled images.", 3, least=2)
    nets: int = setting("Nets of each supernet.", 5, least=2)


def main(output: Output, options: Options) -> None:
    """Measures every net on every set and writes the table."""
    rows = []
    with new_results(output) as folder:
        for entry in options.weights:
            space_name, _, weights = entry.partition(":")
            space = get_space(parse_search_space(space_name))
            supernet = load_pretrained(weights, None, space)
            for resolution in options.resolutions:
                of_one_size = supernet.space.at_resolutions((resolution,))
                for arch in spread_archs(of_one_size, options.nets):
                    rows.append({"weights": entry, **_measure(supernet, arch, options)})
                    print(rows[-1], flush=True)
        write_csv(folder / CSV, rows)
        write_table(folder, _table(rows, options))


def _measure(supernet: Supernet, arch: Arch, options: Options) -> dict[str, Any]:
    figures = cost(supernet.space, arch, supernet.num_classes)
    row = {"resolution": arch.resolution, "macs": figures.macs, "parameters": figures.params}
    net = harvest(supernet, arch)
    if options.tiny_imagenet:
        row["tiny_imagenet_top1"] = _own_top1(net, supernet, arch.resolution, options)
    for name in options.sets:
        top1 = _ridge_top1(net, supernet, _dataset(name, arch.resolution, options), options)
        row[f"{name}_ridge"], row[f"{name}_ridge_sd"] = np.mean(top1), np.std(top1, ddof=1)
    return row


def _own_top1(
    net: keras.Model, supernet: Supernet, resolution: int, options: Options
) -> float | None:
    """Top-1 of the pre-trained classifier; None where it has other classes."""
    train, test = _tiny_imagenet(resolution, options)
    if supernet.num_classes != test.labels.max() + 1:
        return None
    recalibrate(net, _calibration(train, supernet))
    logits = _outputs(net, test.images, supernet)
    return float(np.mean(logits.argmax(axis=1) == test.labels))


def _ridge_top1(
    net: keras.Model, supernet: Supernet, dataset: Dataset, options: Options
) -> list[float]:
    """Top-1 on the test images of a ridge head on frozen features, for each draw of labels."""
    recalibrate(net, _calibration(dataset.train, supernet))
    body = keras.Model(net.input, net.get_layer("classifier").input)
    test = _outputs(body, dataset.test.images, supernet)
    top1 = []
    for seed in range(options.splits):
        drawn = draw_labels(dataset.train.labels, options.labels, dataset.class_names, seed)
        labelled = dataset.train.take(drawn)
        features = _outputs(body, labelled.images, supernet)
        head = fit_ridge(features, labelled.labels, len(dataset.class_names))
        top1.append(float(np.mean(head(test).argmax(axis=1) == dataset.test.labels)))
    return top1


# Every net looks at all sets of a resolution in turn.
@functools.lru_cache(maxsize=4)
def _dataset(name: str, resolution: int, options: Options) -> Dataset:
    return load_dataset(name, image_size=resolution, channels=RGB, data_dir=options.data_dir)


@functools.lru_cache(maxsize=1)
def _tiny_imagenet(resolution: int, options: Options) -> tuple[ImageSet, ImageSet]:
    """Training images enough for recalibration, and the validation images, resized."""
    source = tiny_imagenet.load(options.tiny_imagenet or "", options.cache)
    some = np.random.default_rng(0).permutation(len(source.train))[:_RECALIBRATION_IMAGES]
    assert source.test is not None  # Its folder has validation images.
    return _resized(source.train.take(some), resolution), _resized(source.test, resolution)


def _resized(images: ImageSet, resolution: int) -> ImageSet:
    return ImageSet(resize_all(images.images, resolution), images.labels)


def _calibration(train: ImageSet, supernet: Supernet) -> np.ndarray:
    some = np.random.default_rng(0).permutation(len(train))[:_RECALIBRATION_IMAGES]
    return _normalised(train.images[some], supernet)


def _outputs(net: keras.Model, images: np.ndarray, supernet: Supernet) -> np.ndarray:
    parts = (images[start : start + _BATCH] for start in range(0, len(images), _BATCH))
    return np.concatenate(
        [np.asarray(net(_normalised(part, supernet), training=False)) for part in parts]
    )


def _normalised(images: np.ndarray, supernet: Supernet) -> np.ndarray:
    return normalize(images, supernet.space.pixel_mean, supernet.space.pixel_std)


def _table(rows: Sequence[dict[str, Any]], options: Options) -> list[str]:
    columns = ["weights", "pixels", "MACs", "parameters"]
    columns += ["Tiny-ImageNet"] * bool(options.tiny_imagenet)
    columns += [f"{name}, ridge" for name in options.sets]
    return [
        "# Pre-trained weights",
        "",
        f"| {' | '.join(columns)} |",
        "|" + "---|" * len(columns),
        *(f"| {' | '.join(_cells(row, options))} |" for row in rows),
        "",
        f"Float nets, batch norm recalibrated on {_RECALIBRATION_IMAGES:,} training images. "
        "Tiny-ImageNet: its validation images, by the pre-trained classifier. Ridge: frozen "
        f"features, {options.labels} labels a class, mean and standard deviation over "
        f"{options.splits} splits, all test images.",
    ]


def _cells(row: dict[str, Any], options: Options) -> list[str]:
    space, _, weights = row["weights"].partition(":")
    cells = [
        f"{Path(space).name}:{Path(weights).name}",
        str(row["resolution"]),
        f"{row['macs'] / 1e6:.2f} M",
        f"{row['parameters']:,}",
    ]
    if options.tiny_imagenet:
        top1 = row["tiny_imagenet_top1"]
        cells.append("-" if top1 is None else f"{top1:.1%}")
    for name in options.sets:
        mean, deviation = row[f"{name}_ridge"], row[f"{name}_ridge_sd"]
        cells.append(f"{100 * mean:.1f} +- {100 * deviation:.1f} %")
    return cells


COMMAND = Command(main, (Output, Options))

if __name__ == "__main__":
    run_command(COMMAND)
