"""Every block family all the way: one trace, harvested, converted, run, its price known beforehand.

    python -m benchmarks.benchmark_families --subnets=100 --output=benchmarks/results/families

The supernets have random weights, so outputs mean nothing; what is shown is that each subnet is the
same net in the supernet's graph, as a Keras model and as an int8 file, that the closed forms know
that file beforehand, and that a board with a time limit gets a subnet that keeps it.
"""

import dataclasses
import random
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from benchmarks.results import CSV, Output, new_results, write_csv, write_table
from tflite_export.common.command import Command, run_command
from tflite_export.common.settings import SettingsBase, setting
from tflite_export.convert.convert import convert_int8
from tflite_export.devices.board_report import report_boards
from tflite_export.devices.boards import Board, known_boards
from tflite_export.devices.latency import estimate_latency
from tflite_export.graph.flatbuffer import read_tflite
from tflite_export.pack.repack import repack
from tflite_export.runtimes.tflm import TflmRuntime
from tflite_export.runtimes.verify import Verification, verify
from tofa_tf.deploy.budgets import board_scenario
from tofa_tf.nets.harvest import harvest
from tofa_tf.nets.recalibrate import recalibrate
from tofa_tf.nets.supernet import Supernet
from tofa_tf.select.fixed_rule import candidates
from tofa_tf.space.arch import Arch
from tofa_tf.space.cost import cost
from tofa_tf.space.plan import encode
from tofa_tf.space.presets import get_space
from tofa_tf.space.search_space import SearchSpace
from tofa_tf.training.sampling import SandwichSampler, random_arch

_CLASSES = 10
_IMAGES = 4
# Steps of the sampler whose subnets a board chooses from.
_SAMPLED_STEPS = 300
_TABLE_HEAD = (
    "| space | subnets | traces | supernet = harvest | MACs, parameters, planned arena equal "
    "| file | whole arena | latency | first choice keeps a board's limits |"
)


@dataclasses.dataclass(frozen=True)
class Options(SettingsBase):
    """Which subnets are deployed."""

    search_spaces: tuple[str, ...] = setting(
        "Names of the search spaces.", ("mcu", "mcu_ds", "mcu_resnet")
    )
    subnets: int = setting("How many random subnets of each space.", 100, least=1)
    limits: int = setting("How many random time limits of boards for each space.", 34, least=1)
    seed: int = setting("What weights, subnets, images and limits are drawn with.", 0, least=0)


@dataclasses.dataclass(frozen=True)
class Row:
    """One subnet: differences between what was known beforehand and what came out.

    Attributes:
        difference: between supernet and harvested model, as a share of the largest logit.
        equal: whether MACs, parameters and the planned arena were predicted to the byte.
        file, arena, latency: relative errors of the prediction; of the latency the largest over
            one board for each core.
    """

    space: str
    macs: int
    difference: float
    equal: bool
    file: float
    arena: float
    latency: float


def main(output: Output, options: Options) -> None:
    """Deploys random subnets of every space, and chooses for random limits of boards."""
    rows: list[Row] = []
    lines = [
        "# Block families: the supernet's graph, the harvested model, the file, the closed forms",
        "",
        _TABLE_HEAD,
        "|---|---|---|---|---|---|---|---|---|",
    ]
    with new_results(output) as folder, TflmRuntime() as tflm:
        for name in options.search_spaces:
            supernet = _random_supernet(get_space(name), options.seed)
            own, traces = _deploy_all(supernet, options, tflm)
            kept = _keep_limits(supernet, options, tflm)
            lines.append(_line(name, own, traces, f"{kept} of {options.limits}"))
            print(lines[-1], flush=True)
            rows += own
        write_csv(folder / CSV, rows)
        lines += [
            "",
            "Largest errors; `results.csv` has every subnet. Latency is the estimate for the "
            "composed graph against that for the file, on a board of each core. All subnets ran in "
            "LiteRT and TFLite Micro. A limit is drawn between the latencies of the smallest and "
            "the largest net on a board drawn from all; kept are those whose first candidate, "
            "verified, keeps time, flash and SRAM.",
        ]
        write_table(folder, lines)


def _random_supernet(space: SearchSpace, seed: int) -> Supernet:
    """A supernet whose batch norms are as irregular as trained ones."""
    supernet = Supernet(space, _CLASSES)
    supernet.build()
    generator = np.random.default_rng(seed)
    for weight in supernet.weights:
        if weight.name in ("gamma", "moving_variance"):
            weight.assign(generator.uniform(0.6, 1.4, weight.shape))
        elif weight.name in ("beta", "moving_mean", "bias"):
            weight.assign(generator.normal(0.0, 0.2, weight.shape))
    return supernet


def _deploy_all(supernet: Supernet, options: Options, tflm: TflmRuntime) -> tuple[list[Row], int]:
    """Returns a row for each subnet, and how often the supernet's graph was traced for all."""
    space, generator, rows = supernet.space, random.Random(options.seed), []
    graph = tf.function(lambda images, arch: supernet(images, arch), autograph=False)
    boards = list({board.core: board for board in known_boards().values()}.values())
    # One size of images for all resolutions: the graph resizes them.
    signature = _images(max(space.resolutions), options.seed)
    for number in range(options.subnets):
        arch = random_arch(space, generator, tilt=generator.uniform(0.02, 0.98))
        whole = np.asarray(graph(signature[:_IMAGES], tf.constant(encode(space, arch))))
        rows.append(_deploy(supernet, arch, whole, signature[:_IMAGES], boards, options.seed, tflm))
        print(f"[{number + 1}/{options.subnets}] {rows[-1]}", flush=True)
    return rows, graph.experimental_get_tracing_count()


def _deploy(
    supernet: Supernet,
    arch: Arch,
    logits: np.ndarray,
    images: np.ndarray,
    boards: Sequence[Board],
    seed: int,
    tflm: TflmRuntime,
) -> Row:
    model = harvest(supernet, arch)
    resized = tf.image.resize(images, [arch.resolution] * 2, antialias=True)
    same = images if arch.resolution == images.shape[1] else resized
    difference = np.abs(np.asarray(model(same)) - logits).max() / np.abs(logits).max()
    tflite, verification = _verified(model, _images(arch.resolution, seed), tflm)
    file = read_tflite(tflite)
    predicted = cost(supernet.space, arch, _CLASSES, supernet.channels)
    params = sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)
    latencies = [
        predicted.latency_ms(board) / estimate_latency(file, board).latency_ms - 1
        for board in boards
    ]
    return Row(
        space=supernet.space.name,
        macs=file.macs,
        difference=float(difference),
        equal=(predicted.macs, predicted.params, predicted.peak_activation_bytes)
        == (file.macs, params, verification.nonpersistent_bytes),
        file=abs(predicted.tflite_bytes / len(tflite) - 1),
        arena=abs(predicted.arena_bytes / verification.arena_bytes - 1),
        latency=max(map(abs, latencies)),
    )


def _keep_limits(supernet: Supernet, options: Options, tflm: TflmRuntime) -> int:
    """Returns for how many random limits the first candidate, verified, suits its board."""
    space, generator = supernet.space, random.Random(options.seed)
    sampler = SandwichSampler(space, options.seed)
    log = [
        (step, arch)
        for step in reversed(range(_SAMPLED_STEPS))
        for _, arch in reversed(sampler.archs(step))
    ]
    small, large = (cost(space, arch, _CLASSES) for arch in (space.min_arch, space.max_arch))
    # A board that not even the smallest net fits has no limits to keep.
    boards = [board for board in known_boards().values() if board_scenario(board).met_by(small)]
    kept = 0
    for _ in range(options.limits):
        board = generator.choice(boards)
        position = generator.random()
        limit = small.latency_ms(board) ** (1 - position) * large.latency_ms(board) ** position
        limited = dataclasses.replace(board, latency_limit_ms=1.02 * limit)
        choice = next(candidates(board_scenario(limited), log, space, _CLASSES))
        images = _images(choice.arch.resolution, options.seed)
        tflite, verification = _verified(harvest(supernet, choice.arch), images, tflm)
        (report,) = report_boards(read_tflite(tflite), verification, [limited])
        kept += not report.missing
        print(f"{board.name} {limited.latency_limit_ms:.3g} ms: {report.missing or 'kept'}")
    return kept


def _verified(model: object, images: np.ndarray, tflm: TflmRuntime) -> tuple[bytes, Verification]:
    recalibrate(model, images)
    tflite, _ = repack(convert_int8(model, images))
    tested = images[:_IMAGES]
    return tflite, verify(tflite, tested, None, np.asarray(model(tested)), tflm)


def _images(resolution: int, seed: int) -> np.ndarray:
    shape = (32, resolution, resolution, 3)
    noise = np.random.default_rng(seed).normal(size=shape)
    return np.clip(noise / 2, -1, 1).astype(np.float32)


def _line(name: str, rows: Sequence[Row], traces: int, kept: str) -> str:
    def largest(field: str) -> float:
        return max(getattr(row, field) for row in rows)

    equal = sum(row.equal for row in rows)
    return (
        f"| `{name}` | {len(rows)} | {traces} | {largest('difference'):.1e} "
        f"| {equal} of {len(rows)} | {largest('file'):.2%} | {largest('arena'):.2%} "
        f"| {largest('latency'):.2%} | {kept} |"
    )


COMMAND = Command(main, (Output, Options))

if __name__ == "__main__":
    run_command(COMMAND)
