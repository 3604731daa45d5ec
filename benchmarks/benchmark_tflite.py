"""Size, memory and host latency of int8 .tflite files: a table, a plot, and MACs op by op.

    python -m benchmarks.benchmark_tflite --models='runs/*/scenarios/*/model_int8.tflite' \
        --output=benchmarks/results/tflite --threads=1,2

writes `results.csv` (one row a model and thread count), `ops.csv` (one row an op), `README.md` and
`latency.png`. Every model is fed one random image. LiteRT latencies are medians and 90th
percentiles of single invocations on this machine after a warm-up; they rank models for a PC or a
phone, not for a microcontroller. The Python packages of LiteRT and TFLite Micro do not expose their
profilers, so ops are listed with their MACs instead of their times.
"""

import glob
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from benchmarks.results import CSV, Output, new_results, write_csv, write_table
from tflite_export.common.command import Command, run_command
from tflite_export.common.errors import ExportError
from tflite_export.common.markdown import escaped
from tflite_export.common.settings import SettingsBase, setting
from tflite_export.graph.flatbuffer import read_tflite
from tflite_export.graph.operators import OperatorGraph
from tflite_export.runtimes.litert import MOST_THREADS, LitertModel
from tflite_export.runtimes.tflm import TflmRuntime

_WARM_UP_RUNS = 20
_TFLM_RUNS = 10
_PLOT = "latency.png"


@dataclass(frozen=True)
class Options(SettingsBase):
    """What is measured, and how often."""

    models: str = setting("Pattern of .tflite files; ** is any folder.")
    threads: tuple[int, ...] = setting("Thread counts of LiteRT.", (1,), least=1, most=MOST_THREADS)
    runs: int = setting("Timed invocations.", 200, least=1)


@dataclass(frozen=True)
class Row:
    """One model with one number of threads; units are in the names."""

    model: str
    threads: int
    litert_median_ms: float
    litert_p90_ms: float
    tflm_host_ms: float
    macs: int
    ops: int
    tflite_bytes: int
    arena_bytes: int


def measure(
    tflite: bytes, name: str, threads: Sequence[int], runs: int, tflm: TflmRuntime
) -> list[Row]:
    """Measures one model.

    Args:
        tflite: the whole file.
        name: what to call it.
        threads: thread counts of LiteRT, one row each.
        runs: timed invocations.
        tflm: a running TFLite Micro; it has one thread and is the same in all rows.

    Raises:
        ExportError: if the file is damaged, or a runtime refuses it.
    """
    file = read_tflite(tflite)
    rng = np.random.default_rng(0)
    images = rng.integers(-128, 128, (_TFLM_RUNS, *file.inputs[0].shape[1:])).astype(np.int8)
    by_tflm = tflm.run(tflite, images)
    rows = []
    for count in threads:
        milliseconds = _time_litert(LitertModel(tflite, count), images[0], runs)
        rows.append(
            Row(
                model=name,
                threads=count,
                litert_median_ms=float(np.median(milliseconds)),
                litert_p90_ms=float(np.percentile(milliseconds, 90)),
                tflm_host_ms=by_tflm.seconds / _TFLM_RUNS * 1e3,
                macs=file.macs,
                ops=len(file.ops),
                tflite_bytes=len(tflite),
                arena_bytes=by_tflm.arena_bytes,
            )
        )
    return rows


def _time_litert(litert: LitertModel, image: np.ndarray, runs: int) -> list[float]:
    for _ in range(_WARM_UP_RUNS):
        litert.invoke(image)
    milliseconds = []
    for _ in range(runs):
        start = time.perf_counter()
        litert.invoke(image)
        milliseconds.append((time.perf_counter() - start) * 1e3)
    return milliseconds


def op_rows(files: Mapping[str, OperatorGraph]) -> list[dict[str, Any]]:
    """Returns one row an op.

    Args:
        files: parsed models by name.
    """
    return [
        {
            "model": name,
            "index": index,
            "op": op.name,
            "output_shape": "x".join(map(str, op.outputs[0].shape)),
            "macs": op.macs,
            "layer": op.origin,
        }
        for name, file in files.items()
        for index, op in enumerate(file.ops)
    ]


def _markdown(rows: Sequence[Row], files: Mapping[str, OperatorGraph]) -> list[str]:
    lines = [
        "# int8 models on this machine",
        "",
        "| model | MMACs | ops | file KiB | TFLM arena KiB | threads | LiteRT median ms | p90 ms "
        "| TFLM host ms |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {escaped(row.model)} | {row.macs / 1e6:.2f} | {row.ops} "
        f"| {row.tflite_bytes / 1024:.1f} "
        f"| {row.arena_bytes / 1024:.1f} | {row.threads} | {row.litert_median_ms:.3f} "
        f"| {row.litert_p90_ms:.3f} | {row.tflm_host_ms:.2f} |"
        for row in rows
    ]
    kinds = sorted({op.name for file in files.values() for op in file.ops if op.macs})
    lines += ["", "MACs by kind of op, in thousands:", ""]
    lines += ["| model | " + " | ".join(kinds) + " |", "|---" * (len(kinds) + 1) + "|"]
    for name, file in files.items():
        sums = (sum(op.macs for op in file.ops if op.name == kind) for kind in kinds)
        cells = [escaped(name), *(f"{macs / 1e3:.0f}" for macs in sums)]
        lines.append(f"| {' | '.join(cells)} |")
    return [*lines, "", f"![latency and memory]({_PLOT})"]


def _plot(rows: Sequence[Row], path: Path) -> None:
    figure = Figure(figsize=(10, 4), layout="constrained")
    latency, memory = figure.subplots(1, 2)
    for threads in sorted({row.threads for row in rows}):
        chosen = sorted((row for row in rows if row.threads == threads), key=lambda row: row.macs)
        medians = np.array([row.litert_median_ms for row in chosen])
        above = np.array([row.litert_p90_ms for row in chosen]) - medians
        latency.errorbar(
            [row.macs / 1e6 for row in chosen],
            medians,
            yerr=[np.zeros_like(above), above],
            fmt="o",
            capsize=3,
            label=f"LiteRT, {threads} thread{'s' if threads > 1 else ''}",
        )
    models = sorted({row.model: row for row in rows}.values(), key=lambda row: row.macs)
    macs = [row.macs / 1e6 for row in models]
    latency.plot(macs, [row.tflm_host_ms for row in models], "s", label="TFLite Micro, host")
    latency.set(
        xlabel="MMACs", ylabel="ms per image (bar: p90)", yscale="log", title="Latency on this PC"
    )
    memory.plot(macs, [row.tflite_bytes / 1024 for row in models], "o", label=".tflite file")
    memory.plot(macs, [row.arena_bytes / 1024 for row in models], "s", label="TFLM arena")
    memory.set(xlabel="MMACs", ylabel="KiB", title="Memory")
    memory.set_ylim(bottom=0)
    for axes in (latency, memory):
        axes.grid(alpha=0.3)
        axes.legend()
    figure.savefig(path, dpi=120)


def short_names(paths: Sequence[str]) -> list[str]:
    """Returns paths without the folders, and the file name, that all of them share."""
    parts = [Path(path).parts for path in paths]
    while len(parts) > 1 and all(len(p) > 1 and p[0] == parts[0][0] for p in parts):
        parts = [p[1:] for p in parts]
    while len(parts) > 1 and all(len(p) > 1 and p[-1] == parts[0][-1] for p in parts):
        parts = [p[:-1] for p in parts]
    return ["/".join(p) for p in parts]


def main(output: Output, options: Options) -> None:
    """Measures every model that the pattern names."""
    paths = sorted(glob.glob(options.models, recursive=True))
    if not paths:
        raise ExportError(f"models is {options.models!r}: no file has such a name")
    rows: list[Row] = []
    files: dict[str, OperatorGraph] = {}
    with new_results(output) as folder, TflmRuntime() as tflm:
        for path, name in zip(paths, short_names(paths), strict=True):
            try:
                tflite = Path(path).read_bytes()
                rows += measure(tflite, name, options.threads, options.runs, tflm)
            except OSError as error:
                raise ExportError(f"cannot read {path}: {error.strerror}") from error
            except ExportError as error:
                raise ExportError(f"{path}: {error}") from error
            files[name] = read_tflite(tflite)
            print(
                f"{name}: {rows[-1].litert_median_ms:.3f} ms in LiteRT, {rows[-1].threads} threads"
            )
        write_csv(folder / CSV, rows)
        write_csv(folder / "ops.csv", op_rows(files))
        _plot(rows, folder / _PLOT)
        write_table(folder, _markdown(rows, files))


COMMAND = Command(main, (Output, Options))

if __name__ == "__main__":
    run_command(COMMAND)
