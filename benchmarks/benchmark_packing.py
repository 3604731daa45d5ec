"""What repacking takes off the .tflite files of random subnets, and what the closed form is.

    python -m benchmarks.benchmark_packing --subnets=20 --output=benchmarks/results/packing

Every subnet (random weights, batch norm statistics of random images) is converted to int8, packed
at both levels and compared with the converter's file, bit by bit, in TFLite Micro and in LiteRT
where the level is for it. "Needed" is int8 weights, int32 biases and one float scale per channel.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass

import keras
import numpy as np

from benchmarks.results import CSV, Output, new_results, write_csv, write_table
from tflite_export.common.command import Command, run_command
from tflite_export.common.json_data import JsonRecord
from tflite_export.common.settings import SettingsBase, setting
from tflite_export.convert.convert import convert_int8
from tflite_export.graph.flatbuffer import read_tflite
from tflite_export.pack.repack import Level, check_same_outputs, repack
from tflite_export.runtimes.litert import LitertModel
from tflite_export.runtimes.tflm import TflmRuntime
from tofa_tf.nets.recalibrate import recalibrate
from tofa_tf.nets.static_net import build_static
from tofa_tf.space.arch import Arch
from tofa_tf.space.plan import make_plan
from tofa_tf.space.presets import get_space
from tofa_tf.space.search_space import SearchSpace
from tofa_tf.training.sampling import random_arch
from tofa_tf.training.settings import parse_search_space

_CLASSES = 10
_CALIBRATION_IMAGES = 32
_COMPARED_IMAGES = 4


@dataclass(frozen=True)
class Options(SettingsBase):
    """Which subnets are packed."""

    subnets: int = setting("How many random subnets.", 20, least=4)
    search_space: str | JsonRecord = setting(
        "What they are of, as in tofa train.", "mcu", parse=parse_search_space
    )


@dataclass(frozen=True)
class Row:
    """One subnet; sizes in bytes.

    Attributes:
        channels: outputs of all layers with weights, each of which has a scale and a bias scale.
        distinct_channels: the sum of their different widths, each of which has one shared list of
            zero points.
        needed_bytes: int8 weights, int32 biases and one float scale per channel.
    """

    subnet: int
    resolution: int
    macs: int
    operators: int
    channels: int
    distinct_channels: int
    weight_bytes: int
    needed_bytes: int
    converted_bytes: int
    lossless_bytes: int
    tflm_only_bytes: int
    dead_channels: int


def measure(subnet: int, space: SearchSpace, arch: Arch, tflm: TflmRuntime) -> Row:
    """Converts, packs and compares one subnet.

    Raises:
        ExportError: if a packed file gives other outputs.
    """
    rng = np.random.default_rng(subnet)
    keras.utils.set_random_seed(subnet)
    size = arch.resolution
    coarse = rng.uniform(-1, 1, (_CALIBRATION_IMAGES, 8, 8, 3)).astype(np.float32)
    images = coarse.repeat(-(-size // 8), 1).repeat(-(-size // 8), 2)[:, :size, :size]
    model = build_static(space, make_plan(space, arch), _CLASSES)
    model.get_layer("classifier").bias.assign(rng.uniform(-1, 1, _CLASSES))
    recalibrate(model, images)

    converted = convert_int8(model, images)
    inputs = LitertModel(converted).quantize(images[:_COMPARED_IMAGES])
    packed = {level: repack(converted, level) for level in (Level.LOSSLESS, Level.TFLM_ONLY)}
    for file, packing in packed.values():
        check_same_outputs(converted, file, packing, inputs, tflm)
    lossless, packing = packed[Level.LOSSLESS]
    file = read_tflite(lossless)
    layers = [op for op in file.ops if op.macs]
    widths = [op.outputs[0].shape[-1] for op in layers]
    weight_bytes = sum(tensor.data_bytes for op in layers for tensor in op.inputs)
    return Row(
        subnet=subnet,
        resolution=size,
        macs=file.macs,
        operators=len(file.ops),
        channels=sum(widths),
        distinct_channels=sum(set(widths)),
        weight_bytes=weight_bytes,
        needed_bytes=weight_bytes + sum(4 * len(op.inputs[1].scales) for op in layers),
        converted_bytes=len(converted),
        lossless_bytes=len(lossless),
        tflm_only_bytes=len(packed[Level.TFLM_ONLY][0]),
        dead_channels=packing.dead_channels,
    )


def fit(rows: Sequence[Row], terms: Sequence[str]) -> tuple[np.ndarray, float]:
    """Fits the lossless size as weight bytes plus a multiple of each term plus a constant.

    Returns:
        The factors of the terms and the constant, and the largest relative error.
    """
    table = np.array([[*(getattr(row, term) for term in terms), 1] for row in rows], float)
    sizes = np.array([row.lossless_bytes for row in rows], float)
    weights = np.array([row.weight_bytes for row in rows], float)
    factors = np.linalg.lstsq(table, sizes - weights, rcond=None)[0]
    return factors, float(np.abs((weights + table @ factors) / sizes - 1).max())


def _closed_form(rows: Sequence[Row], terms: Sequence[str]) -> str:
    (*factors, constant), error = fit(rows, terms)
    products = (f"{factor:.2f} {term}" for factor, term in zip(factors, terms, strict=True))
    return f"* weight_bytes + {' + '.join(products)} + {constant:.0f}: largest error {error:.1%}"


def _markdown(rows: Sequence[Row], space: str) -> list[str]:
    names = ("converted_bytes", "lossless_bytes", "tflm_only_bytes")
    ratios = {
        name: np.median([getattr(row, name) / row.needed_bytes for row in rows]) for name in names
    }
    lines = ["# Repacked files", "", f"{len(rows)} subnets of `{space}`."]
    lines += ["", "| file | bytes over needed bytes, median |", "|---|---|"]
    lines += [f"| {name.removesuffix('_bytes')} | {ratio:.3f} |" for name, ratio in ratios.items()]
    lines += [
        "",
        "All outputs were bit-identical. Closed forms of the lossless size, least squares:",
        "",
        _closed_form(rows, ("channels", "operators")),
        _closed_form(rows, ("channels", "distinct_channels", "operators")),
        "",
        "| subnet | pixels | MMACs | needed KiB | converted KiB | lossless KiB | TFLM only KiB |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {row.subnet} | {row.resolution} | {row.macs / 1e6:.2f} | {row.needed_bytes / 1024:.1f} "
        f"| {row.converted_bytes / 1024:.1f} | {row.lossless_bytes / 1024:.1f} "
        f"| {row.tflm_only_bytes / 1024:.1f} |"
        for row in rows
    ]
    return lines


def main(output: Output, options: Options) -> None:
    """Measures random subnets and writes the table."""
    space, generator, rows = get_space(options.search_space), random.Random(0), []
    with new_results(output) as folder, TflmRuntime() as tflm:
        for subnet in range(options.subnets):
            # Tilts from 0.1 to 0.9 reach small and large subnets alike.
            tilt = 0.1 + 0.8 * subnet / (options.subnets - 1)
            rows.append(measure(subnet, space, random_arch(space, generator, tilt), tflm))
            row = rows[-1]
            print(f"{subnet}: {row.lossless_bytes / row.needed_bytes:.3f} of the needed bytes")
        write_csv(folder / CSV, rows)
        write_table(folder, _markdown(rows, space.name))


COMMAND = Command(main, (Output, Options))

if __name__ == "__main__":
    run_command(COMMAND)
