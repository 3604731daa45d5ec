"""What weight sharing costs in training: traces, speed against a static net, share of small nets.

    python -m benchmarks.benchmark_supernet --output=benchmarks/results/supernet

Compared are always two functions in one process, in turns, by the median of their times.
"""

import dataclasses
import random
import time
from collections.abc import Callable
from unittest import mock

import keras
import numpy as np
import tensorflow as tf

from benchmarks.results import Output, new_results, write_table
from tflite_export.common.command import Command, run_command
from tflite_export.common.markdown import escaped
from tflite_export.common.settings import SettingsBase, setting
from tofa_tf.data.pipeline import Batch
from tofa_tf.layers import depthwise
from tofa_tf.nets.harvest import harvest
from tofa_tf.nets.supernet import Supernet
from tofa_tf.space.cost import cost
from tofa_tf.space.plan import encode
from tofa_tf.space.presets import get_space
from tofa_tf.space.search_space import SearchSpace
from tofa_tf.training.sampling import SandwichSampler, random_arch
from tofa_tf.training.settings import TrainConfig
from tofa_tf.training.trainer import build_training

_CLASSES = 10


@dataclasses.dataclass(frozen=True)
class Options(SettingsBase):
    """What is measured, and how often."""

    search_space: str = setting("Name of the search space.", "mcu")
    resolution: int = setting("Image size in pixels.", 32, least=1)
    batch: int = setting("Images a step in the speed comparisons.", 256, least=1)
    repeats: int = setting("Timed calls of each function.", 20, least=1)
    archs: int = setting("Different subnets that the train step is run with.", 1000, least=1)


def main(output: Output, options: Options) -> None:
    """Measures and writes a Markdown table."""
    space = get_space(options.search_space).at_resolutions((options.resolution,))
    with new_results(output) as folder:
        supernet = Supernet(space, _CLASSES)
        supernet.build()
        rows = []
        for measure in (
            _traces,
            _elastic_against_static,
            _smallest_share,
            _static_share,
            _depthwise,
            _equality,
        ):
            rows.append(measure(supernet, options))
            print(" | ".join(rows[-1]), flush=True)
        lines = [
            f"# Supernet {escaped(space.name)} at {options.resolution} px",
            "",
            "| figure | measured | wanted |",
            "|---|---|---|",
            *(f"| {' | '.join(row)} |" for row in rows),
        ]
        write_table(folder, lines)


def _traces(supernet: Supernet, options: Options) -> tuple[str, str, str]:
    """Runs real train steps with many subnets and counts how often their graphs were traced."""
    state = build_training(supernet.space, _CLASSES, TrainConfig())
    size, generator = options.resolution, np.random.default_rng(0)

    def pixels(count: int) -> tf.Tensor:
        return tf.constant(generator.integers(0, 256, (count, size, size, 3), np.uint8))

    labels = tf.constant(generator.integers(0, _CLASSES, 2), tf.int32)
    batch = Batch(pixels(2), labels, pixels(2), pixels(2), labels)
    archs, seen, step = SandwichSampler(supernet.space, seed=0, num_random=8), set(), 0
    while len(seen) < options.archs:
        drawn = archs.archs(step)
        state(batch, drawn)
        seen.update(arch for _, arch in drawn)
        step += 1
    return (
        f"traces of the train step over {len(seen)} different Archs",
        f"{state.num_traces}",
        "exactly 1",
    )


def _elastic_against_static(supernet: Supernet, options: Options) -> tuple[str, str, str]:
    space = supernet.space
    images, arch = _images(options), tf.constant(encode(space, space.max_arch))
    elastic, plain = _elastic_step(supernet), _static_step(harvest(supernet, space.max_arch))
    elastic_time, plain_time = _in_turns(
        options.repeats, lambda: elastic(images, arch), lambda: plain(images)
    )
    return (
        "speed of the elastic largest net over the static Keras net, forward + backward",
        _ratio(plain_time / elastic_time, elastic_time, plain_time),
        "at least 0.97 x",
    )


def _smallest_share(supernet: Supernet, options: Options) -> tuple[str, str, str]:
    space = supernet.space
    step, images = _elastic_step(supernet), _images(options)
    small, large = (tf.constant(encode(space, a)) for a in (space.min_arch, space.max_arch))
    return (
        "time share of the smallest net over its share of MACs",
        _share(space, options.repeats, lambda: step(images, small), lambda: step(images, large)),
        "at most 1.5 x",
    )


def _static_share(supernet: Supernet, options: Options) -> tuple[str, str, str]:
    """The same share without any weight sharing: what a CPU makes of nets that small."""
    space = supernet.space
    images = _images(options)
    small, large = (_static_step(harvest(supernet, a)) for a in (space.min_arch, space.max_arch))
    return (
        "the same of two static Keras nets",
        _share(space, options.repeats, lambda: small(images), lambda: large(images)),
        "",
    )


def _depthwise(supernet: Supernet, options: Options) -> tuple[str, str, str]:
    """The largest net with our depthwise kernel gradient and with TensorFlow's."""
    space = supernet.space
    images, arch = _images(options), tf.constant(encode(space, space.max_arch))
    ours = _elastic_step(supernet)
    with mock.patch.object(depthwise, "_MAX_PAIRS", 0):
        stock = _elastic_step(supernet)
        stock(images, arch)  # Traced now, without ours.
    our_time, stock_time = _in_turns(
        options.repeats, lambda: ours(images, arch), lambda: stock(images, arch)
    )
    return (
        "speed with our depthwise kernel gradient over TensorFlow's",
        _ratio(stock_time / our_time, our_time, stock_time),
        "more than 1 x",
    )


def _equality(supernet: Supernet, options: Options) -> tuple[str, str, str]:
    space = supernet.space
    generator = np.random.default_rng(0)
    for weight in supernet.weights:
        if weight.name in ("gamma", "moving_variance"):
            weight.assign(generator.uniform(0.6, 1.4, weight.shape))
        elif weight.name in ("beta", "moving_mean"):
            weight.assign(generator.normal(0.0, 0.2, weight.shape))
    function = tf.function(lambda x, arch: supernet(x, arch), autograph=False)
    shape = (4, options.resolution, options.resolution, 3)
    images = generator.normal(size=shape).astype(np.float32)
    worst = 0.0
    for seed in range(50):
        arch = random_arch(space, random.Random(seed), tilt=(seed + 0.5) / 50)
        expected = np.asarray(function(images, tf.constant(encode(space, arch))))
        actual = np.asarray(harvest(supernet, arch)(images))
        worst = max(worst, float(np.abs(actual - expected).max() / np.abs(expected).max()))
    return (
        "largest difference of supernet and harvested model over the largest logit, 50 Archs",
        f"{worst:.1e}",
        "1e-5",
    )


def _images(options: Options) -> tf.Tensor:
    shape = (options.batch, options.resolution, options.resolution, 3)
    return tf.random.stateless_normal(shape, (1, 2))


def _elastic_step(supernet: Supernet) -> Callable:
    """Forward and backward pass of any subnet, which is an argument as in training."""
    return tf.function(
        lambda x, arch: _gradients(lambda: supernet(x, arch, training=True), supernet),
        autograph=False,
    )


def _static_step(model: keras.Model) -> Callable:
    return tf.function(
        lambda x: _gradients(lambda: model(x, training=True), model), autograph=False
    )


def _share(space: SearchSpace, repeats: int, smallest: Callable, largest: Callable) -> str:
    small_time, large_time = _in_turns(repeats, smallest, largest)
    small, large = (cost(space, a, _CLASSES).macs for a in (space.min_arch, space.max_arch))
    return (
        f"{small_time / large_time / (small / large):.2f} x ({small_time / large_time:.3f} of the "
        f"time, {small / large:.3f} of the MACs; {1e3 * small_time:.0f} ms)"
    )


def _gradients(forward: Callable[[], tf.Tensor], model: keras.Model) -> list[tf.Tensor]:
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(forward()))
    return tape.gradient(loss, model.trainable_variables)


def _ratio(ratio: float, seconds: float, other_seconds: float) -> str:
    return f"{ratio:.2f} x ({1e3 * seconds:.0f} and {1e3 * other_seconds:.0f} ms)"


def _in_turns(repeats: int, *functions: Callable) -> list[float]:
    """Returns the median seconds of each function, called in turns."""
    times: list[list[float]] = [[] for _ in functions]
    for repeat in range(repeats + 2):
        for function, mine in zip(functions, times, strict=True):
            start = time.perf_counter()
            function()
            if repeat >= 2:
                mine.append(time.perf_counter() - start)
    return [float(np.median(mine)) for mine in times]


COMMAND = Command(main, (Output, Options))

if __name__ == "__main__":
    run_command(COMMAND)
