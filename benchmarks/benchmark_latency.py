"""Latency estimates against published measurements that had no part in them.

    python -m benchmarks.benchmark_latency --models_dir=models/ --output=benchmarks/results/latency

`published_latencies.csv` lists the measurements. The models are public and not part of this
repository: put `vww_96_int8`, `pretrainedResnet_quant`, `kws_ref_model`, `ad01_int8` (.tflite, from
mlcommons/tiny), `person_detect.tflite` (from tensorflow/tflite-micro) and TinyEngine's
`assets/vww.tflite`, renamed `mcunet_vww1.tflite`, into one folder. Models of keras.applications are
built here with random weights. Per core and library one number is fitted, cycles per instruction.
Each row is compared with an estimate for which that number comes from other sources alone: other
rows of that core, else other cores with the same kernels. "Older" rows are of a runtime whose
kernels the counted instructions are not of.
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.leave_one_out import Row, read_rows
from benchmarks.results import Output, new_results, write_table
from tflite_export.common.command import Command, run_command
from tflite_export.common.errors import ExportError
from tflite_export.common.markdown import escaped
from tflite_export.common.settings import SettingsBase, setting
from tflite_export.graph.flatbuffer import read_tflite
from tflite_export.graph.operators import OperatorGraph

_KERAS_MODELS = {
    "keras:mobilenet_v2_0.3_80": ("MobileNetV2", 80, {"alpha": 0.3}),
    "keras:mobilenet_v3_small_224": ("MobileNetV3Small", 224, {}),
}


@dataclass(frozen=True)
class Options(SettingsBase):
    """What is compared."""

    models_dir: str = setting("Folder with the public .tflite files; the text above names them.")


def load_file(model: str, models_dir: Path) -> OperatorGraph:
    """Returns a model by the name that `published_latencies.csv` has for it.

    Raises:
        ExportError: if its file is not in the folder.
    """
    if model in _KERAS_MODELS:
        return _build(*_KERAS_MODELS[model])
    path = models_dir / f"{model}.tflite"
    if not path.exists():
        raise ExportError(f"there is no {path}; --help says where the public models come from")
    return read_tflite(path.read_bytes())


def _build(name: str, size: int, options: dict[str, float]) -> OperatorGraph:
    import keras

    from tflite_export.convert.convert import convert_int8

    keras.utils.set_random_seed(0)
    build = getattr(keras.applications, name)
    net = build(input_shape=(size, size, 3), weights=None, **options)
    images = np.random.default_rng(0).uniform(-1, 1, (2, size, size, 3)).astype(np.float32)
    return read_tflite(convert_int8(net, images))


def _markdown(rows: Sequence[Row]) -> list[str]:
    errors = [abs(row.error) for row in rows if row.error is not None]
    inside = sum(row.inside for row in rows if row.error is not None)
    lines = [
        "# Latency estimates against published measurements",
        "",
        f"{len(errors)} rows, the source of each left out: median error {np.median(errors):.1%}, "
        f"largest {max(errors):.1%}; {inside} ({inside / len(errors):.0%}) inside the stated band.",
        "",
        "| board | kernels | model | published ms | source left out ms | error | band | inside "
        "| as shipped ms | fit from | source |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    return lines + [
        f"| {escaped(row.board)} | {row.speed[1]} | {row.model} | {row.published_ms:g} "
        f"| {_left_out(row)} "
        f"| {row.estimate_ms:.4g} | {row.fit_from} "
        f"| {row.source}{f' ({row.note})' if row.note else ''} |"
        for row in rows
    ]


def _left_out(row: Row) -> str:
    if row.error is None:
        return f" | {row.estimate_ms / row.published_ms - 1:+.1%} | {row.band:.0%} | older"
    inside = "yes" if row.inside else "no"
    return f"{row.left_out_ms:.4g} | {row.error:+.1%} | {row.band:.0%} | {inside}"


def main(output: Output, options: Options) -> None:
    """Writes the comparison."""
    folder = Path(options.models_dir)
    load = functools.cache(lambda model: load_file(model, folder))
    with new_results(output) as results:
        write_table(results, _markdown(read_rows(load)))


COMMAND = Command(main, (Output, Options))

if __name__ == "__main__":
    run_command(COMMAND)
