"""Which search space is worth its MACs: its nets as static nets, all labels, equal epochs.

    python -m benchmarks.benchmark_spaces --dataset=cifar10 --data_dir=DIR --epochs=5 \
        --output=benchmarks/results/spaces_cifar10

Trains largest, middle and smallest net of every space, its rival of ResNet-8 (the net of most MACs
that takes no more MACs, file bytes and arena), and two nets one would choose by hand, each alone
and in float32, by one recipe. Choose by the training images held out; accuracy on test
images is reported beside it.
"""

import dataclasses
import functools
import math
import random
import time
from collections.abc import Callable, Iterator, Sequence

import keras
import numpy as np
import tensorflow as tf

from benchmarks.results import CSV, Output, new_results, write_csv, write_table
from benchmarks.standard_nets import resnet8
from tflite_export.common.command import Command, run_command
from tflite_export.common.markdown import escaped
from tflite_export.common.settings import SettingsBase, setting
from tofa_tf.common.errors import UserError
from tofa_tf.data.channels import RGB
from tofa_tf.data.hold_out import hold_out
from tofa_tf.data.normalize import normalize
from tofa_tf.data.pipeline import train_batches
from tofa_tf.data.records import Dataset, ImageSet, TrainingImages
from tofa_tf.data.sources import load_dataset
from tofa_tf.nets.recalibrate import recalibrate
from tofa_tf.nets.static_net import build_static
from tofa_tf.select.standard_nets import standard_space
from tofa_tf.space.arch import Arch
from tofa_tf.space.cost import cost
from tofa_tf.space.plan import make_plan
from tofa_tf.space.presets import get_space
from tofa_tf.space.search_space import SearchSpace
from tofa_tf.training.sampling import random_arch, spread_archs
from tofa_tf.training.schedule import CosineToZero

_NETS = ("smallest", "middle", "largest")
_RIVAL = "rival"
_BATCH = 128
_PEAK = 0.2
_WEIGHT_DECAY = 5e-4
_VALIDATION_IMAGES = 5000
_RECALIBRATION_IMAGES = 2000
_EVALUATION_BATCH = 500

# From the number of classes to an untrained net.
Build = Callable[[int], keras.Model]


@dataclasses.dataclass(frozen=True)
class Options(SettingsBase):
    """What is trained, and on what."""

    dataset: str = setting("Data set, as in tofa train.", "cifar10")
    data_dir: str | None = setting("Where tensorflow-datasets finds its sets.", None)
    search_spaces: tuple[str, ...] = setting(
        "Names of the search spaces.", ("mcu", "mcu_wide", "mcu_ds", "mcu_resnet")
    )
    arms: tuple[str, ...] = setting(
        "Arms to train, such as mcu/largest or ResNet-8, in this order; by default all.", ()
    )
    resolution: int = setting("Image size in pixels.", 32, least=32)
    epochs: int = setting("Epochs of every net.", 5, least=1)
    seed: int = setting("Of weights, order, augmentation and held-out images.", 0, least=0)


@dataclasses.dataclass(frozen=True)
class Parts:
    """The images of the comparison, all uint8."""

    train: ImageSet
    validation: ImageSet
    test: ImageSet
    flip: bool


@dataclasses.dataclass(frozen=True)
class Row:
    """One net trained; accuracies are shares of 1, `seconds` those of its training."""

    arm: str
    macs: int
    parameters: int
    validation_top1: float
    test_top1: float
    seconds: float


def main(output: Output, options: Options) -> None:
    """Trains every arm and writes the table."""
    arms = all_arms(options.search_spaces, options.resolution)
    wanted = options.arms or tuple(arms)
    for name in wanted:
        if name not in arms:
            raise UserError(f"arms: unknown arm {name!r}; available: {', '.join(arms)}")
    with new_results(output) as folder:
        parts = _divide(
            load_dataset(
                options.dataset,
                image_size=options.resolution,
                channels=RGB,
                data_dir=options.data_dir,
            ),
            options.seed,
        )
        rows = []
        for name in wanted:
            rows.append(_train_arm(name, arms[name], parts, options))
            print(rows[-1], flush=True)
        write_csv(folder / CSV, rows)
        write_table(folder, _table(rows, options))


def all_arms(space_names: Sequence[str], resolution: int) -> dict[str, Build]:
    """Returns for every arm how its net is built."""
    shape = (resolution, resolution, RGB)
    arms: dict[str, Build] = {
        "ResNet-8": lambda classes: resnet8(shape, classes),
        "MobileNetV2-0.35": lambda classes: keras.applications.MobileNetV2(
            shape, alpha=0.35, weights=None, classes=classes, classifier_activation=None
        ),
    }
    for name in space_names:
        space = get_space(name).at_resolutions((resolution,))
        archs = spread_archs(space, len(_NETS))
        for net, arch in zip(_NETS if len(archs) > 1 else _NETS[:1], archs, strict=True):
            arms[f"{name}/{net}"] = _static(space, arch)
        arms[f"{name}/{_RIVAL}"] = functools.partial(_build_rival, space)
    return arms


def _build_rival(space: SearchSpace, classes: int) -> keras.Model:
    return _static(space, rival(space, classes))(classes)


def rival(space: SearchSpace, classes: int, draws: int = 4000) -> Arch:
    """Returns the subnet of most MACs, of many random ones, that takes no more than ResNet-8.

    Args:
        space: of one resolution.
        classes: number of logits.
        draws: random subnets to choose from.

    Raises:
        UserError: if none takes as little.
    """
    known = standard_space("resnet8", space.resolutions[0])
    most = cost(known, known.max_arch, classes)
    generator = random.Random(0)
    drawn = (random_arch(space, generator) for _ in range(draws))
    costs = ((arch, cost(space, arch, classes)) for arch in drawn)
    fitting = [
        (own.macs, arch)
        for arch, own in costs
        if own.macs <= most.macs
        and own.tflite_bytes <= most.tflite_bytes
        and own.arena_bytes <= most.arena_bytes
    ]
    if not fitting:
        raise UserError(f"search space {space.name}: no subnet takes as little as ResNet-8")
    return max(fitting, key=lambda pair: pair[0])[1]


def _static(space: SearchSpace, arch: Arch) -> Build:
    return lambda classes: build_static(space, make_plan(space, arch), classes)


def _divide(dataset: Dataset, seed: int) -> Parts:
    """Holds out training images of every class for validation; test images stay apart."""
    train = dataset.train
    fraction = min(0.2, _VALIDATION_IMAGES / len(train))
    held = hold_out(train.labels, fraction, len(dataset.class_names), seed)
    return Parts(train.take(~held), train.take(held), dataset.test, dataset.flip)


def _train_arm(name: str, build: Build, parts: Parts, options: Options) -> Row:
    """Trains one net by the common recipe and measures it."""
    keras.utils.set_random_seed(options.seed)
    net = build(int(parts.train.labels.max()) + 1)
    steps = max(1, options.epochs * len(parts.train) // _BATCH)
    started = time.perf_counter()
    _train(net, parts, steps, steps // options.epochs, options.seed)
    seconds = time.perf_counter() - started
    some = np.random.default_rng(options.seed).permutation(len(parts.train))
    recalibrate(net, _normalised(parts.train.images[some[:_RECALIBRATION_IMAGES]]))
    row = Row(
        arm=name,
        macs=count_macs(net),
        parameters=net.count_params(),
        validation_top1=_accuracy(net, parts.validation),
        test_top1=_accuracy(net, parts.test),
        seconds=seconds,
    )
    keras.backend.clear_session()
    return row


def _train(net: keras.Model, parts: Parts, steps: int, warmup_steps: int, seed: int) -> None:
    optimizer = keras.optimizers.SGD(
        CosineToZero(_PEAK, steps, warmup_steps), momentum=0.9, nesterov=True
    )
    variables = net.trainable_variables
    optimizer.build(variables)

    @tf.function(autograph=False)
    def step(images: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            logits = net(_normalised(images), training=True)
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))
        gradients = [
            gradient + _WEIGHT_DECAY * variable if "kernel" in variable.name else gradient
            for gradient, variable in zip(tape.gradient(loss, variables), variables, strict=True)
        ]
        optimizer.apply(gradients)
        return loss

    everything = np.arange(len(parts.train))
    batches = train_batches(
        TrainingImages(parts.train, everything, everything),
        labelled_batch=_BATCH,
        unlabelled_ratio=0,
        seed=seed,
        total_steps=steps,
        flip=parts.flip,
    )
    for number, batch in enumerate(batches, 1):
        loss = step(batch.images, batch.labels)
        if number % 200 == 0 or number == steps:
            if not math.isfinite(float(loss)):
                raise UserError(f"{net.name} diverged at step {number}")
            print(f"  {number}/{steps} loss {float(loss):.3f}", flush=True)


def count_macs(net: keras.Model) -> int:
    """Multiply-accumulates of one image: convolutions and dense layers."""
    macs = 0
    for layer in net.layers:
        if isinstance(layer, keras.layers.Conv2D | keras.layers.DepthwiseConv2D):
            macs += math.prod(layer.output.shape[1:3]) * math.prod(layer.kernel.shape)
        elif isinstance(layer, keras.layers.Dense):
            macs += math.prod(layer.kernel.shape)
    return macs


def _accuracy(net: keras.Model, images: ImageSet) -> float:
    """Share of images that a net classifies rightly."""
    infer = tf.function(lambda batch: net(_normalised(batch), training=False), autograph=False)
    right = [
        np.argmax(infer(tf.constant(part.images)), axis=-1) == part.labels
        for part in _chunks(images)
    ]
    return float(np.mean(np.concatenate(right)))


def _chunks(images: ImageSet) -> Iterator[ImageSet]:
    for start in range(0, len(images), _EVALUATION_BATCH):
        yield images.take(np.arange(start, min(start + _EVALUATION_BATCH, len(images))))


def _normalised(images: tf.Tensor | np.ndarray) -> tf.Tensor:
    return normalize(images, (128.0,) * RGB, (128.0,) * RGB)


def _table(rows: Sequence[Row], options: Options) -> list[str]:
    return [
        f"# Static nets of search spaces: {escaped(options.dataset)}, {options.resolution} pixels",
        "",
        "| net | MACs | parameters | validation top-1 | test top-1 | training |",
        "|---|---|---|---|---|---|",
        *(
            f"| {row.arm} | {row.macs / 1e6:.2f} M | {row.parameters:,} | "
            f"{row.validation_top1:.1%} | {row.test_top1:.1%} | {row.seconds / 60:.1f} min |"
            for row in rows
        ),
        "",
        f"One seed, {options.epochs} epochs; SGD {_PEAK} with Nesterov momentum, one epoch of "
        f"warm-up, cosine to 0, batch {_BATCH}, weight decay {_WEIGHT_DECAY:g} of kernels, weak "
        "augmentation. Validation images are training images held out; batch norm is recalibrated.",
    ]


COMMAND = Command(main, (Output, Options))

if __name__ == "__main__":
    run_command(COMMAND)
