"""Latency estimates against published measurements, those held out from the fit above all.

    python -m benchmarks.benchmark_latency --models_dir=models/ --output=benchmarks/results/latency

`published_latencies.csv` lists the measurements. The models are public and not part of this
repository: put `vww_96_int8`, `pretrainedResnet_quant`, `kws_ref_model`, `ad01_int8` (.tflite, from
mlcommons/tiny), `person_detect.tflite` (from tensorflow/tflite-micro) and TinyEngine's
`assets/vww.tflite`, renamed `mcunet_vww1.tflite`, into one folder. Models of keras.applications are
built here with random weights. Per core and library one number is fitted, cycles per instruction,
on one row; "older" rows are of a runtime whose kernels the counted instructions are not of.
"""

import csv
import dataclasses
import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from benchmarks.results import Output, new_results, write_table
from tflite_export.common.command import Command, run_command
from tflite_export.common.errors import ExportError
from tflite_export.common.settings import SettingsBase, setting
from tflite_export.convert.convert import convert_int8
from tflite_export.devices.boards import known_boards
from tflite_export.devices.latency import estimate_latency
from tflite_export.graph.flatbuffer import read_tflite
from tflite_export.graph.operators import OperatorGraph

_PUBLISHED = Path(__file__).with_name("published_latencies.csv")

_KERAS_MODELS = {
    "keras:mobilenet_v2_0.3_80": (keras.applications.MobileNetV2, 80, {"alpha": 0.3}),
    "keras:mobilenet_v3_small_224": (keras.applications.MobileNetV3Small, 224, {}),
}


@dataclass(frozen=True)
class Options(SettingsBase):
    """What is compared."""

    models_dir: str = setting("Folder with the public .tflite files; the text above names them.")


@dataclass(frozen=True)
class Row:
    """One published measurement and the estimate for it."""

    board: str
    kernels: str
    model: str
    published_ms: float
    estimate_ms: float
    role: str
    source: str

    @property
    def error(self) -> float:
        """Relative error of the estimate."""
        return self.estimate_ms / self.published_ms - 1


def load_file(model: str, models_dir: Path) -> OperatorGraph:
    """Returns a model by the name that `published_latencies.csv` has for it.

    Raises:
        ExportError: if its file is not in the folder.
    """
    if model not in _KERAS_MODELS:
        path = models_dir / f"{model}.tflite"
        if not path.exists():
            raise ExportError(f"there is no {path}; --help says where the public models come from")
        return read_tflite(path.read_bytes())
    build, size, options = _KERAS_MODELS[model]
    keras.utils.set_random_seed(0)
    net = build(input_shape=(size, size, 3), weights=None, **options)
    images = np.random.default_rng(0).uniform(-1, 1, (2, size, size, 3)).astype(np.float32)
    return read_tflite(convert_int8(net, images))


def compare(models_dir: Path) -> list[Row]:
    """Estimates every row of the table of published measurements."""
    load = functools.cache(lambda model: load_file(model, models_dir))
    rows = []
    with open(_PUBLISHED, newline="", encoding="utf-8") as file:
        for line in csv.DictReader(file):
            board = dataclasses.replace(
                known_boards()[line["board"]],
                kernels=line["kernels"],
                clock_mhz=float(line["clock_mhz"]),
            )
            rows.append(
                Row(
                    board=board.name,
                    kernels=board.kernels,
                    model=line["model"],
                    published_ms=float(line["published_ms"]),
                    estimate_ms=estimate_latency(load(line["model"]), board).latency_ms,
                    role=line["role"],
                    source=line["source"],
                )
            )
    return rows


def _markdown(rows: Sequence[Row]) -> list[str]:
    errors = [abs(row.error) for row in rows if row.role == "held out"]
    lines = [
        "# Latency estimates against published measurements",
        "",
        f"{len(errors)} rows held out from the fit: median error {np.median(errors):.1%}, largest "
        f"{max(errors):.1%}.",
        "",
        "| board | kernels | model | published ms | estimate ms | error | role | source |",
        "|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {row.board} | {row.kernels} | {row.model} | {row.published_ms:g} "
        f"| {row.estimate_ms:.4g} | {row.error:+.1%} | {row.role} | {row.source} |"
        for row in rows
    ]
    return lines


def main(output: Output, options: Options) -> None:
    """Writes the comparison."""
    with new_results(output) as folder:
        write_table(folder, _markdown(compare(Path(options.models_dir))))


COMMAND = Command(main, (Output, Options))

if __name__ == "__main__":
    run_command(COMMAND)
