"""Random subnets all the way: harvested, converted, run in LiteRT and TFLite Micro.

    python -m benchmarks.benchmark_deploy --subnets=200 --output=benchmarks/results/deploy

The supernet has random weights, so outputs mean nothing; what is shown is that every subnet
converts and runs, and how well the closed-form cost predicts MACs, parameters, file and arena.
"""

import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from absl import flags

from benchmarks.results import describe_environment, new_results, write_csv
from tflite_export.convert.convert import convert_int8
from tflite_export.graph.flatbuffer import read_tflite
from tflite_export.pack.repack import repack
from tflite_export.runtimes.tflm import TflmRuntime
from tflite_export.runtimes.verify import verify
from tofa_tf.app import cli
from tofa_tf.common.errors import UserError
from tofa_tf.nets.harvest import harvest
from tofa_tf.nets.recalibrate import recalibrate
from tofa_tf.nets.supernet import Supernet
from tofa_tf.space.arch import Arch
from tofa_tf.space.cost import cost
from tofa_tf.space.presets import get_space
from tofa_tf.training.sampling import random_arch

_SPACE = flags.DEFINE_string("search_space", "mcu", "Name of the search space.")
_SUBNETS = flags.DEFINE_integer("subnets", 200, "How many.", lower_bound=1)
_SEED = flags.DEFINE_integer("seed", 0, "Of weights and subnets.")
_OUTPUT = flags.DEFINE_string("output", None, "Folder for table and CSV.")
_OVERWRITE = flags.DEFINE_bool("overwrite", False, "Replace earlier results.")

# How far off the closed-form arena may be: the larger of the two.
_ARENA_TOLERANCE, _ARENA_TOLERANCE_BYTES = 0.05, 2048

_CLASSES = 10
_IMAGES = 4


def main(argv: Sequence[str]) -> None:
    """Deploys random subnets and compares every closed-form figure with the real one."""
    del argv
    if not _OUTPUT.value:
        raise UserError("--output is missing: name a folder for the results")
    space = get_space(_SPACE.value)
    supernet = Supernet(space, _CLASSES)
    supernet.build()
    generator = random.Random(_SEED.value)
    with new_results(_OUTPUT.value, overwrite=_OVERWRITE.value) as folder, TflmRuntime() as tflm:
        rows = []
        for number in range(_SUBNETS.value):
            arch = random_arch(space, generator, tilt=generator.uniform(0.02, 0.98))
            rows.append(_deploy(supernet, arch, tflm))
            print(f"[{number + 1}/{_SUBNETS.value}] {rows[-1]}", flush=True)
        _write(folder, rows)
        print((folder / "README.md").read_text(encoding="utf-8"))


def _deploy(supernet: Supernet, arch: Arch, tflm: TflmRuntime) -> dict[str, int]:
    images = np.random.default_rng(_SEED.value).normal(
        size=(32, arch.resolution, arch.resolution, 3)
    )
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


def _write(folder: Path, rows: list[dict[str, int]]) -> None:
    write_csv(folder / "results.csv", rows)
    lines = [*_summary(rows), "", *_arena_table(rows), "", *describe_environment(), ""]
    (folder / "README.md").write_text("\n".join(lines), encoding="utf-8")


def _summary(rows: list[dict[str, int]]) -> list[str]:
    lines = [
        f"# {len(rows)} of {_SUBNETS.value} random `{_SPACE.value}` subnets converted and run in "
        "LiteRT and TFLite Micro",
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


if __name__ == "__main__":
    cli.run_script(main)
