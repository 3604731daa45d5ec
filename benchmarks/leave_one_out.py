"""Estimates of published latencies in which the source of the row has no part."""

import csv
import dataclasses
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tflite_export.devices.boards import known_boards
from tflite_export.devices.kernels import SPEEDS, Speed
from tflite_export.devices.latency import estimate_latency
from tflite_export.graph.operators import OperatorGraph

PUBLISHED = Path(__file__).with_name("published_latencies.csv")
# Their coefficients are a table of single kernels; times of models have no part in them.
_UNFITTED = (("xtensa-lx7", "esp_nn"), ("rv32-pie", "esp_nn"))


@dataclass(frozen=True)
class Row:
    """One published latency.

    Attributes:
        speed: core and library.
        published_ms: milliseconds of an inference.
        estimate_ms: as shipped, with all rows in the fit.
        left_out_ms: estimate without any row of the same source; None: of an older runtime, which
            is listed and has no part in anything.
        fit_from: what stands for the core then.
        band: relative error that is stated with an estimate.
    """

    board: str
    speed: tuple[str, str]
    model: str
    published_ms: float
    estimate_ms: float
    band: float
    source: str
    older: bool
    note: str
    left_out_ms: float | None = None
    fit_from: str = ""

    @property
    def error(self) -> float | None:
        """Relative error of the estimate without the row's source."""
        return None if self.left_out_ms is None else self.left_out_ms / self.published_ms - 1

    @property
    def inside(self) -> bool:
        """Whether the published latency lies in the band around that estimate."""
        left_out = self.left_out_ms or math.nan
        return abs(self.published_ms - left_out) <= self.band * left_out


def read_rows(load: Callable[[str], OperatorGraph], path: Path = PUBLISHED) -> list[Row]:
    """Returns all published latencies with their estimates.

    Args:
        load: a model by its name in the table.
        path: of the table.
    """
    rows = []
    with path.open(newline="", encoding="utf-8") as file:
        for line in csv.DictReader(file):
            board = dataclasses.replace(
                known_boards()[line["board"]],
                kernels=line["kernels"],
                clock_mhz=float(line["clock_mhz"]),
            )
            estimate = estimate_latency(load(line["model"]), board)
            rows.append(
                Row(
                    board=board.name,
                    speed=(board.core, board.kernels),
                    model=line["model"],
                    published_ms=float(line["published_ms"]),
                    estimate_ms=estimate.latency_ms,
                    band=estimate.relative_error,
                    source=line["source"],
                    older=bool(line["older"]),
                    note=line["note"],
                )
            )
    return [row if row.older else _left_out(row, rows) for row in rows]


def _left_out(row: Row, rows: Sequence[Row]) -> Row:
    others = [other for other in rows if other.source != row.source and not other.older]
    same = [other for other in others if other.speed == row.speed]
    if row.speed in _UNFITTED:
        factor, fit_from = 1.0 / SPEEDS[row.speed].cpi, "single kernels"
    elif same:
        factor, fit_from = _factor(same), ", ".join(dict.fromkeys(other.source for other in same))
    elif others:
        factor, fit_from = _from_other_cores(row, others)
    else:
        factor, fit_from = 1.0, "nothing else"
    return dataclasses.replace(row, left_out_ms=factor * row.estimate_ms, fit_from=fit_from)


def _factor(rows: Sequence[Row]) -> float:
    """Returns by what estimates are to be multiplied; every source counts once."""
    sources = dict.fromkeys(row.source for row in rows)
    ratios = [
        np.mean([math.log(r.published_ms / r.estimate_ms) for r in rows if r.source == source])
        for source in sources
    ]
    return math.exp(float(np.mean(ratios)))


def _from_other_cores(row: Row, others: Sequence[Row]) -> tuple[float, str]:
    """Returns the factor to other cores' cycles per instruction, of the nearest kernels."""
    own = SPEEDS[row.speed]
    speeds = [speed for speed in dict.fromkeys(r.speed for r in others) if speed not in _UNFITTED]
    alike: list[Callable[[tuple[str, str]], bool]] = [
        lambda speed: _same_c(SPEEDS[speed], own),
        lambda speed: speed[1] == row.speed[1],
        lambda speed: True,
    ]
    chosen = next(found for test in alike if (found := [s for s in speeds if test(s)]))
    middle = math.exp(float(np.mean([math.log(SPEEDS[speed].cpi) for speed in chosen])))
    return middle / own.cpi, "other cores: " + ", ".join(core for core, _ in chosen)


def _same_c(one: Speed, other: Speed) -> bool:
    return one.kernels.pointwise == other.kernels.pointwise
