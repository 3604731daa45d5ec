"""Writes a firmware project for a verified model: it runs test vectors and prints PASS or FAIL."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from string import Template

import numpy as np

from tflite_export.common.errors import ExportError
from tflite_export.common.folders import FolderKind, new_folder
from tflite_export.devices.fit import largest_arena
from tflite_export.devices.memory import memory_of
from tflite_export.firmware.c_source import c_header, c_source
from tflite_export.graph.flatbuffer import read_tflite
from tflite_export.graph.operators import OperatorGraph
from tflite_export.graph.ops import resolver_method
from tflite_export.runtimes.tflm import TflmRuntime
from tflite_export.runtimes.tflm_pool import TflmPool

PLATFORMS = ("make", "esp_idf", "arduino", "zephyr", "pico")
VECTORS_FILE = "test_vectors.json"
# How many inputs are worth their flash.
TEST_VECTORS = 4

_TEMPLATES = Path(__file__).with_name("templates")
_SOURCE_FOLDERS = {"esp_idf": "main", "zephyr": "src"}
# Arduino compiles no .cc files.
_SUFFIXES = {"arduino": ".cpp"}
_MODEL = "model_data"

# Ops whose int8-only kernels leave the code of all other types out; each header declares them.
_INT8_KERNELS = {
    "ADD": "add",
    "AVERAGE_POOL_2D": "pooling",
    "CONV_2D": "conv",
    "DEPTHWISE_CONV_2D": "depthwise_conv",
    "FULLY_CONNECTED": "fully_connected",
    "MAX_POOL_2D": "pooling",
    "MUL": "mul",
    "SOFTMAX": "softmax",
}


def _made_earlier(folder: Path) -> bool:
    """Whether a folder without marker file holds a project: its record has just these fields."""
    try:
        record = json.loads((folder / VECTORS_FILE).read_text(encoding="utf-8"))
        return record.keys() == {"model_id", "expected"}
    except (OSError, ValueError, AttributeError, RecursionError):
        return False


# People build in a project's folder: whatever lies there goes when another model takes its place.
FIRMWARE = FolderKind("firmware project", own=("*",), made_earlier=_made_earlier)


def check_platforms(platforms: Iterable[str]) -> None:
    """Raises ExportError unless there is firmware for every platform."""
    for platform in platforms:
        if platform not in PLATFORMS:
            raise ExportError(f"no firmware for {platform!r}; choose from {', '.join(PLATFORMS)}")


def is_firmware_of(folder: Path, tflite: bytes) -> bool:
    """Whether a folder holds a project for just this model."""
    try:
        record = json.loads((folder / VECTORS_FILE).read_text(encoding="utf-8"))
        return record["model_id"] == _model_id(tflite)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def write_firmware(
    output_dir: Path | str,
    platform: str,
    tflite: bytes,
    inputs: np.ndarray,
    tflm: TflmRuntime | TflmPool,
    *,
    arena_bytes: int | None = None,
    overwrite: bool = False,
) -> None:
    """Writes a project; the outputs it expects are those of TFLite Micro here.

    Args:
        output_dir: folder to write; it appears complete or not at all.
        platform: one of `PLATFORMS`; "make" also has a CMakeLists.txt.
        tflite: the model, as it will be flashed.
        inputs: int8 (vectors, height, width, channels); each takes its size in flash.
        tflm: a running TFLite Micro.
        arena_bytes: what the board needs (`fit.BoardFit.arena_used`); None: enough for every
            known board.
        overwrite: replace an earlier project.

    Raises:
        ExportError: if there is no such platform, or the folder is taken.
    """
    check_platforms([platform])
    result = tflm.run(tflite, inputs)
    file, sizes = read_tflite(tflite), (result.arena_bytes, result.nonpersistent_bytes)
    files = _Project(tflite, inputs, result.outputs, result.arena_bytes)
    texts = files.texts(platform, arena_bytes or largest_arena(file, *sizes))
    with new_folder(Path(output_dir), overwrite=overwrite, kind=FIRMWARE) as folder:
        for name, text in texts:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")
        (folder / VECTORS_FILE).write_text(files.record(), encoding="utf-8")


class _Project:
    """The texts of a project."""

    def __init__(
        self, tflite: bytes, inputs: np.ndarray, outputs: np.ndarray, wheel_arena_bytes: int
    ):
        self._tflite = tflite
        self._file = read_tflite(tflite)
        self._memory = memory_of(self._file, wheel_arena_bytes)
        self._inputs = inputs.reshape(len(inputs), -1)
        self._outputs = outputs.reshape(len(outputs), -1)
        self._model_id = _model_id(tflite)

    def texts(self, platform: str, arena_bytes: int) -> Iterator[tuple[str, str]]:
        """Yields names and contents of a platform's files."""
        values = {
            "arena_bytes": str(arena_bytes),
            "host_arena_bytes": str(self._memory.arena_budget_bytes),
            "op_count": str(len(self._file.op_counts)),
            "includes": "\n".join(_includes(self._file)),
            "registrations": "\n".join(_registrations(self._file)),
            "model_id": self._model_id,
            "vector_count": str(len(self._inputs)),
            "input_size": str(self._inputs.shape[1]),
            "output_size": str(self._outputs.shape[1]),
            "inputs": _initializers(self._inputs),
            "outputs": _initializers(self._outputs),
        }
        sources = Path(_SOURCE_FOLDERS.get(platform, ""))
        suffix = _SUFFIXES.get(platform, ".cc")
        for root, target in ((_TEMPLATES / platform, Path()), (_TEMPLATES / "common", sources)):
            for path in sorted(path for path in root.rglob("*") if path.is_file()):
                name = target / path.relative_to(root)
                name = name.with_suffix(suffix) if name.suffix == ".cc" else name
                yield str(name), Template(path.read_text(encoding="utf-8")).substitute(values)
        yield str(sources / f"{_MODEL}.h"), c_header(self._file, arena_bytes, name=_MODEL)
        yield str(sources / f"{_MODEL}{suffix}"), c_source(self._tflite, _MODEL)

    def record(self) -> str:
        """Returns what `check_device_log` compares a board's words with."""
        record = {"model_id": self._model_id, "expected": self._outputs.tolist()}
        return json.dumps(record) + "\n"


def _model_id(tflite: bytes) -> str:
    return hashlib.sha256(tflite).hexdigest()[:16]


def _includes(file: OperatorGraph) -> Iterator[str]:
    headers = {_INT8_KERNELS[op] for op in file.op_counts if op in _INT8_KERNELS}
    for header in sorted(headers):
        yield f'#include "tensorflow/lite/micro/kernels/{header}.h"'


def _registrations(file: OperatorGraph) -> Iterator[str]:
    for op in sorted(file.op_counts):
        kernel = f"tflite::Register_{op}_INT8()" if op in _INT8_KERNELS else ""
        yield f"  if (resolver.{resolver_method(op)}({kernel}) != kTfLiteOk) return false;"


def _initializers(rows: np.ndarray) -> str:
    return "\n".join("    {" + ", ".join(map(str, row)) + "}," for row in rows.tolist())
