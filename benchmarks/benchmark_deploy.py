"""Random subnets all the way: harvested, converted, run in LiteRT and TFLite Micro.

    python -m benchmarks.benchmark_deploy --subnets=200 --output=benchmarks/results/deploy

The supernet has random weights, so outputs mean nothing; what is shown is that every subnet
converts and runs, and how well the closed-form cost predicts MACs, parameters, file and arena.
"""

import dataclasses
import random

import numpy as np

from benchmarks.results import CSV, Output, new_results, write_csv, write_table
from tflite_export.common.command import Command, run_command
from tflite_export.common.settings import SettingsBase, setting
from tflite_export.convert.convert import convert_int8
from tflite_export.graph.flatbuffer import read_tflite
from tflite_export.pack.repack import repack
from tflite_export.runtimes.tflm import TflmRuntime
from tflite_export.runtimes.verify import verify
from tofa_tf.nets.harvest import harvest
from tofa_tf.nets.recalibrate import recalibrate
from tofa_tf.nets.supernet import Supernet
from tofa_tf.space.arch import Arch
from tofa_tf.space.cost import cost
from tofa_tf.space.presets import get_space
from tofa_tf.training.sampling import random_arch

# How far off the closed-form arena may be: the larger of the two.
_ARENA_TOLERANCE, _ARENA_TOLERANCE_BYTES = 0.05, 2048

_CLASSES = 10
_IMAGES = 4


@dataclasses.dataclass(frozen=True)
class Options(SettingsBase):
    """Which subnets are deployed."""

    search_space: str = setting("Name of the search space.", "mcu")
    subnets: int = setting("How many random subnets.", 200, least=1)
    seed: int = setting("What weights, subnets and images are drawn with.", 0, least=0)


def main(output: Output, options: Options) -> None:
    """Deploys random subnets and compares every closed-form figure with the real one."""
    space = get_space(options.search_space)
    supernet = Supernet(space, _CLASSES)
    supernet.build()
    generator = random.Random(options.seed)
    with new_results(output) as folder, TflmRuntime() as tflm:
        rows = []
        for number in range(options.subnets):
            arch = random_arch(space, generator, tilt=generator.uniform(0.02, 0.98))
            rows.append(_deploy(supernet, arch, options.seed, tflm))
            print(f"[{number + 1}/{options.subnets}] {rows[-1]}", flush=True)
        write_csv(folder / CSV, rows)
        write_table(folder, [*_summary(rows, options), "", *_arena_table(rows)])


def _deploy(supernet: Supernet, arch: Arch, seed: int, tflm: TflmRuntime) -> dict[str, int]:
    shape = (32, arch.resolution, arch.resolution, 3)
    images = np.random.default_rng(seed).normal(size=shape)
    images = np.clip(images / 2, -1, 1).astype(np.float32)
    model = harvest(supernet, arch)
    recalibrate(model, images)
    tflite, _ = repack(convert_int8(model, images))
    images = images[:_IMAGES]
    verification = verify(tflite, images, None, np.asarray(model(images)), tflm)
    predicted = cost(supernet.space, arch, supernet.num_classes, supernet.channels)
    return {
        "resolution": arch.resolution,
        "predicted_macs": predicted.macs,
        "macs": read_tflite(tflite).macs,
        "predicted_params": predicted.params,
        "params": sum(int(np.prod(weight.shape)) for weight in model.trainable_weights),
        "predicted_tflite_bytes": predicted.tflite_bytes,
        "tflite_bytes": len(tflite),
        "predicted_nonpersistent_bytes": predicted.peak_activation_bytes,
        "nonpersistent_bytes": verification.nonpersistent_bytes,
        "predicted_arena_bytes": predicted.arena_bytes,
        "arena_bytes": verification.arena_bytes,
    }


def _summary(rows: list[dict[str, int]], options: Options) -> list[str]:
    lines = [
        f"# {len(rows)} of {options.subnets} random `{options.search_space}` subnets converted "
        "and run in LiteRT and TFLite Micro",
        "",
        "| closed form against the deployed model | median error | largest error | equal |",
        "|---|---|---|---|",
    ]
    for name in ("macs", "params", "tflite_bytes", "nonpersistent_bytes", "arena_bytes"):
        errors = [abs(row[f"predicted_{name}"] / row[name] - 1) for row in rows]
        equal = sum(row[f"predicted_{name}"] == row[name] for row in rows)
        lines.append(
            f"| {name} | {np.median(errors):.2%} | {max(errors):.2%} | {equal} of {len(rows)} |"
        )
    return lines


def _arena_table(rows: list[dict[str, int]]) -> list[str]:
    """The predicted arena by resolution, against what TFLite Micro reports."""
    errors = [abs(row["predicted_arena_bytes"] - row["arena_bytes"]) for row in rows]
    within = [
        error <= max(_ARENA_TOLERANCE * row["arena_bytes"], _ARENA_TOLERANCE_BYTES)
        for error, row in zip(errors, rows, strict=True)
    ]
    lines = [
        f"The predicted arena of {sum(within)} of {len(rows)} subnets is within "
        f"{_ARENA_TOLERANCE:.0%} or {_ARENA_TOLERANCE_BYTES // 1024} KiB of TFLite Micro's own "
        "figure; `results.csv` has every one.",
        "",
        "| resolution | subnets | arena KiB | largest error of the arena |",
        "|---|---|---|---|",
    ]
    for resolution in sorted({row["resolution"] for row in rows}):
        own = [
            (error, row)
            for error, row in zip(errors, rows, strict=True)
            if row["resolution"] == resolution
        ]
        arenas = [row["arena_bytes"] / 1024 for _, row in own]
        largest = max(error for error, _ in own)
        relative = max(error / row["arena_bytes"] for error, row in own)
        lines.append(
            f"| {resolution} | {len(own)} | {min(arenas):.1f} to {max(arenas):.1f} "
            f"| {largest} bytes, {relative:.2%} |"
        )
    return lines


COMMAND = Command(main, (Output, Options))

if __name__ == "__main__":
    run_command(COMMAND)
