"""Pre-trains a supernet with PyTorch; writes the weights file of a TensorFlow supernet.

    python -m benchmarks.torch_pretraining.run --cache=FOLDER --lessons=FOLDER \
        --start=START.weights.h5 --steps=10967 --output=supernet.weights.h5

needs PyTorch, h5py and absl-py, no TensorFlow, and is meant for an accelerator. All nets of a step
learn from the labels, all but the largest from the largest, and all from a teacher if there are its
lessons (`benchmarks.torch_pretraining.teach`).
"""

import dataclasses
import json
import math
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch

from benchmarks.torch_pretraining.batches import TorchBatches, read_images
from benchmarks.torch_pretraining.net import TorchSupernet, read_weights
from benchmarks.torch_pretraining.recorded import Recorded
from benchmarks.torch_pretraining.sandwiches import Sandwiches
from benchmarks.torch_pretraining.statistics import keep_statistics, top_1
from benchmarks.torch_pretraining.step import TorchStep
from benchmarks.torch_pretraining.teacher import Lessons
from tflite_export.common.command import Command, run_command
from tflite_export.common.errors import UserError
from tflite_export.common.settings import SettingsBase, setting
from tofa_tf.pretraining.recipe import Recipe
from tofa_tf.space.presets import get_space
from tofa_tf.training.sampling import spread_archs

_WARMUP_STEPS = 300
# Steps that may wait on the accelerator: the rate follows the clock.
_IN_FLIGHT = 4
# Of the images whose statistics the file keeps, and at which accuracies are printed, in pixels.
_STATISTICS_SIZE = 32


@dataclasses.dataclass(frozen=True)
class Options(SettingsBase):
    """What is trained, on what, for how long."""

    cache: str = setting("Folder of decoded images, as tofa pretrain --cache fills it.")
    start: str = setting("A supernet's .weights.h5 to start from.")
    output: str = setting("The .weights.h5 to write, in half precision.")
    search_space: str = setting("Search space of the supernet.", "mcu_wide")
    lessons: str | None = setting("Folder of a teacher's lessons; none: no teacher.", None)
    steps: int | None = setting("Steps until the rate is 0.", None, least=1)
    seconds: float | None = setting("Or the time until then.", None, least=1)
    batch: int = setting("Images a step; every net sees the same ones.", 1024, least=2)
    rate: float = setting("Learning rate at the start, behind the warm-up.", 3e-3)
    decay: float = setting("AdamW's weight decay, of kernels only.", 0.03, least=0)
    teacher_weight: float = setting("Of the teacher in every net's loss.", 1.0, least=0)
    sizes: tuple[int, ...] = setting("Of the images in pixels.", (24, 32, 48, 64))
    shares: tuple[float, ...] = setting("Of the steps at each size.", (0.1, 0.45, 0.15, 0.3))
    sandwiches: int = setting("Different sandwiches at each size.", 10, least=1)
    num_random: int = setting("Random nets of a sandwich.", 2, least=0)
    seed: int = setting("Of order, crops, colours and nets.", 0)
    log_every: int = setting("Steps between two lines.", 500, least=1)


def main(options: Options) -> None:
    """Trains and writes what came out."""
    if not options.steps and not options.seconds:
        raise UserError("say how long to train: --steps, or --seconds")
    torch.manual_seed(options.seed)
    torch.backends.cuda.matmul.allow_tf32 = True
    device = "cuda" if torch.cuda.is_available() else "cpu"
    space, cache = get_space(options.search_space), Path(options.cache)
    images, labels = read_images(cache, "train", device)
    lessons = Lessons.load(Path(options.lessons), device) if options.lessons else None
    supernet = TorchSupernet(space, read_weights(options.start)).to(device)
    _train(supernet, images, labels, lessons, options)
    keep_statistics(supernet, images, _STATISTICS_SIZE)
    supernet.to_file(Path(options.output), np.float16)
    _say_accuracy(supernet, *read_images(cache, "validation", device))


def _train(
    supernet: TorchSupernet,
    images: torch.Tensor,
    labels: torch.Tensor,
    lessons: Lessons | None,
    options: Options,
) -> None:
    # Phases are the TensorFlow loop's business.
    recipe = Recipe(phases=(), batch=options.batch, weight_decay=options.decay, seed=options.seed)
    batches = TorchBatches(images, labels, lessons, recipe, supernet.space)
    sandwiches = Sandwiches(
        supernet.space,
        options.sizes,
        options.shares,
        options.sandwiches,
        options.num_random,
        options.seed,
    )
    classes = lessons.opinions.shape[2] if lessons else 0
    step = TorchStep(supernet, recipe, classes, options.teacher_weight)
    take = Recorded(step) if images.is_cuda else step
    steps, started = 0, time.monotonic()
    while (progress := _progress(steps, time.monotonic() - started, options)) < 1:
        rate = options.rate * 0.5 * (1 + math.cos(math.pi * progress))
        step.rate.fill_(rate * min(1.0, (steps + 1) / _WARMUP_STEPS))
        metrics = take(batches.at(steps, sandwiches.size(steps)), sandwiches.plans(steps))
        steps += 1
        if images.is_cuda and steps % _IN_FLIGHT == 0:
            torch.cuda.synchronize()
        if steps % options.log_every == 0:
            _log(steps, time.monotonic() - started, progress, metrics)
    print(f"{steps} steps in {time.monotonic() - started:.1f} s", flush=True)


def _progress(steps: int, seconds: float, options: Options) -> float:
    """Share of the training that is done, by whichever bound comes first."""
    return max(
        steps / options.steps if options.steps else 0.0,
        seconds / options.seconds if options.seconds else 0.0,
    )


def _log(steps: int, seconds: float, progress: float, metrics: Mapping[str, torch.Tensor]) -> None:
    values = {name: round(float(value), 4) for name, value in metrics.items()}
    line = {"step": steps, "seconds": round(seconds, 1), "progress": round(progress, 4), **values}
    print(json.dumps(line), flush=True)


def _say_accuracy(supernet: TorchSupernet, images: torch.Tensor, labels: torch.Tensor) -> None:
    archs = spread_archs(supernet.space.at_resolutions((_STATISTICS_SIZE,)), 5)
    found = ", ".join(f"{top_1(supernet, arch, images, labels):.1%}" for arch in archs)
    print(f"top-1 on {len(images)} validation images, smallest net to largest: {found}", flush=True)


COMMAND = Command(main, (Options,), tensorflow=False)

if __name__ == "__main__":
    run_command(COMMAND)
