"""Every block family all the way: one trace, harvested, converted, run, its price known beforehand.

    python -m benchmarks.benchmark_families --subnets=100 --output=benchmarks/results/families \
      --journal=runs/families.jsonl

The supernets have random weights, so outputs mean nothing; what is shown is that each subnet is the
same net in the supernet's graph, as a Keras model and as an int8 file, that the closed forms know
that file beforehand, and that a board with a time limit gets a subnet that keeps it.
"""

import dataclasses
import random
from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.journal import Journal
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
from tofa_tf.training.settings import parse_search_space

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
        "Search spaces, each as in tofa train.", ("mcu", "mcu_ds", "mcu_resnet")
    )
    subnets: int = setting("How many random subnets of each space.", 100, least=1)
    limits: int = setting("How many random time limits of boards for each space.", 34, least=1)
    seed: int = setting("What weights, subnets, images and limits are drawn with.", 0, least=0)
    journal: str = setting("File that keeps what is finished, for the same command to go on.", "")
    most: int | None = setting("Ends after so many further subnets and limits.", None, least=1)


@dataclasses.dataclass(frozen=True)
class Row:
    """One subnet: differences between what was known beforehand and what came out.

    Attributes:
        difference: between supernet and harvested model, as a share of the largest logit.
        equal: whether MACs, parameters and the planned arena were predicted to the byte.
        file, arena, latency: relative errors of the prediction; of the latency the largest over
            one board for each core.
        traces: of the supernet's graph in the process that made it.
    """

    space: str
    macs: int
    difference: float
    equal: bool
    file: float
    arena: float
    latency: float
    traces: int


def main(output: Output, options: Options) -> None:
    """Deploys random subnets of every space, and chooses for random limits of boards."""
    rows: list[Row] = []
    journal = Journal(options.journal, options.most)
    lines = [
        "# Block families: the supernet's graph, the harvested model, the file, the closed forms",
        "",
        _TABLE_HEAD,
        "|---|---|---|---|---|---|---|---|---|",
    ]
    with new_results(output) as folder, TflmRuntime() as tflm:
        for asked in options.search_spaces:
            space = get_space(parse_search_space(asked))
            supernet = _random_supernet(space, options.seed)
            own = _deploy_all(supernet, options, tflm, journal)
            kept = _keep_limits(supernet, options, tflm, journal)
            lines.append(_line(space.name, own, f"{kept} of {options.limits}"))
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


def _deploy_all(
    supernet: Supernet, options: Options, tflm: TflmRuntime, journal: Journal
) -> list[Row]:
    """Returns a row for each subnet."""
    space, generator, rows = supernet.space, random.Random(options.seed), []
    graph = tf.function(lambda images, arch: supernet(images, arch), autograph=False)
    boards = list({board.core: board for board in known_boards().values()}.values())
    # One size of images for all resolutions: the graph resizes them.
    signature = _images(max(space.resolutions), options.seed)
    for number in range(options.subnets):
        arch = random_arch(space, generator, tilt=generator.uniform(0.02, 0.98))

        def make(arch: Arch = arch) -> dict[str, Any]:
            images = signature[:_IMAGES]
            whole = np.asarray(graph(images, tf.constant(encode(space, arch))))
            row = _deploy(supernet, arch, whole, images, boards, options.seed, tflm)
            return row | {"traces": graph.experimental_get_tracing_count()}

        piece = journal.piece(f"{space.name} seed {options.seed} subnet {number}", make)
        rows.append(Row(**piece))
    return rows


def _deploy(
    supernet: Supernet,
    arch: Arch,
    logits: np.ndarray,
    images: np.ndarray,
    boards: Sequence[Board],
    seed: int,
    tflm: TflmRuntime,
) -> dict[str, Any]:
    """What a `Row` has of one subnet."""
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
    return {
        "space": supernet.space.name,
        "macs": file.macs,
        "difference": float(difference),
        "equal": (predicted.macs, predicted.params, predicted.peak_activation_bytes)
        == (file.macs, params, verification.nonpersistent_bytes),
        "file": abs(predicted.tflite_bytes / len(tflite) - 1),
        "arena": abs(predicted.arena_bytes / verification.arena_bytes - 1),
        "latency": max(map(abs, latencies)),
    }


def _keep_limits(supernet: Supernet, options: Options, tflm: TflmRuntime, journal: Journal) -> int:
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
    for number in range(options.limits):
        board = generator.choice(boards)
        position = generator.random()
        limit = small.latency_ms(board) ** (1 - position) * large.latency_ms(board) ** position
        limited = dataclasses.replace(board, latency_limit_ms=1.02 * limit)

        def missing(limited: Board = limited) -> str:
            choice = next(candidates(board_scenario(limited), log, space, _CLASSES))
            images = _images(choice.arch.resolution, options.seed)
            tflite, verification = _verified(harvest(supernet, choice.arch), images, tflm)
            (report,) = report_boards(read_tflite(tflite), verification, [limited])
            return report.missing

        key = f"{space.name} seed {options.seed} limit {number}: {board.name}"
        kept += not journal.piece(f"{key} {limited.latency_limit_ms:.4g} ms lacks", missing)
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


def _line(name: str, rows: Sequence[Row], kept: str) -> str:
    def largest(field: str) -> float:
        return max(getattr(row, field) for row in rows)

    equal = sum(row.equal for row in rows)
    return (
        f"| `{name}` | {len(rows)} | {largest('traces')} | {largest('difference'):.1e} "
        f"| {equal} of {len(rows)} | {largest('file'):.2%} | {largest('arena'):.2%} "
        f"| {largest('latency'):.2%} | {kept} |"
    )


COMMAND = Command(main, (Output, Options))

if __name__ == "__main__":
    run_command(COMMAND)
