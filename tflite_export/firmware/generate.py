"""Writes a firmware project for a verified model: its C library, a self-test, a camera example."""

import dataclasses
import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template

import numpy as np

from tflite_export.common.folders import FolderKind, new_folder
from tflite_export.common.markdown import escaped
from tflite_export.common.text_files import MOST_RECORDED_BYTES, read_text
from tflite_export.devices.boards import Board, known_boards
from tflite_export.devices.platforms import DEFAULT_NAMES, check_platforms
from tflite_export.exporting.export_report import ExportReport
from tflite_export.firmware.model_facts import facts_of_report
from tflite_export.firmware.model_header import ModelFacts
from tflite_export.firmware.model_library import library_files
from tflite_export.firmware.test_vectors import (
    Frame,
    frame_inputs,
    make_frames,
    value_inputs,
    vectors_header,
    vectors_source,
)
from tflite_export.runtimes.tflm import TflmRuntime
from tflite_export.runtimes.tflm_pool import TflmPool

VECTORS_FILE = "test_vectors.json"

_TEMPLATES = Path(__file__).with_name("templates")
_LIBRARY_FOLDERS = {"arduino": "src"}
_SELFTEST = Path("examples/selftest")
_SELFTEST_FOLDERS = {"esp_idf": _SELFTEST / "main", "zephyr": _SELFTEST / "src"}
# Arduino compiles no .cc files.
_SUFFIXES = {"arduino": ".cpp"}
_CAMERA = Path("examples/camera")
# ESP chips whose usual boards have a camera.
_CAMERA_TARGETS = ("esp32", "esp32s3")
_MIB_KIB = 1024
# Boot loader, partition table and what lies beside the app.
_ESP_OTHER_KIB = 128


def _made_earlier(folder: Path) -> bool:
    """Whether a folder without marker file holds a project: its record has just these fields."""
    try:
        record = json.loads(read_text(folder / VECTORS_FILE, MOST_RECORDED_BYTES))
        return record.keys() == {"model_id", "expected"}
    except (OSError, ValueError, AttributeError, RecursionError):
        return False


# People build in a project's folder: whatever lies there goes when another model takes its place.
FIRMWARE = FolderKind("firmware project", own=("*",), made_earlier=_made_earlier)


def is_firmware_of(folder: Path, tflite: bytes) -> bool:
    """Whether a folder holds a project for just this model."""
    try:
        record = json.loads(read_text(folder / VECTORS_FILE, MOST_RECORDED_BYTES))
        return record["model_id"] == model_id(tflite)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def model_id(tflite: bytes) -> str:
    """Returns the name of a model in logs and projects: the start of its SHA-256."""
    return hashlib.sha256(tflite).hexdigest()[:16]


def write_firmware(
    output_dir: Path | str,
    platform: str,
    report: ExportReport,
    tflite: bytes,
    raw: Sequence[np.ndarray] | np.ndarray,
    tflm: TflmRuntime | TflmPool,
    *,
    boards: Sequence[Board] = (),
    overwrite: bool = False,
) -> None:
    """Writes a project; the outputs it expects are those of TFLite Micro here.

    Args:
        output_dir: folder to write; it appears complete or not at all.
        platform: one of `PLATFORMS`; "make" also has a CMakeLists.txt.
        report: of the model's export.
        tflite: the model, as it will be flashed.
        raw: a few test inputs: images, uint8 (height, width, 3 or 1) of any size, for a model that
            has a colour order; else raw values, (n, *shape), which the firmware then takes too.
        tflm: a running TFLite Micro.
        boards: that the project is for; none: enough for every known board.
        overwrite: replace an earlier project.

    Raises:
        ExportError: if there is no such platform, or the folder is taken.
    """
    check_platforms([platform])
    project = _project(report, tflite, raw, tflm, platform, boards)
    with new_folder(Path(output_dir), overwrite=overwrite, kind=FIRMWARE) as folder:
        for name, text in project.texts():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")
        (folder / VECTORS_FILE).write_text(project.record(), encoding="utf-8")


@dataclass(frozen=True, eq=False)
class _Project:
    """What the texts of a project are made of.

    Attributes:
        raw: of each test vector.
        outputs: int8 (vectors, ...) that they have to give.
    """

    platform: str
    board: Board | None
    facts: ModelFacts
    tflite: bytes
    raw: Sequence[Frame] | np.ndarray
    outputs: np.ndarray

    def texts(self) -> Iterator[tuple[Path, str]]:
        """Yields paths and contents of all files."""
        library = Path(_LIBRARY_FOLDERS.get(self.platform, "model"))
        selftest = _SELFTEST_FOLDERS.get(self.platform, _SELFTEST)
        for name, text in library_files(self.facts, self.tflite):
            path = library / name
            suffix = _SUFFIXES.get(self.platform, path.suffix) if path.suffix == ".cc" else None
            yield (path.with_suffix(suffix) if suffix else path), text
        for path in sorted((_TEMPLATES / "selftest").iterdir()):
            yield selftest / path.name, path.read_text(encoding="utf-8")
        yield selftest / "test_vectors.h", vectors_header(len(self.raw), self.facts)
        yield selftest / "test_vectors.c", vectors_source(self.raw, self.outputs)
        values, root = self._values(), _TEMPLATES / self.platform
        for path in sorted(path for path in root.rglob("*") if path.is_file()):
            target = path.relative_to(root)
            if self._has_camera or not target.is_relative_to(_CAMERA):
                page = {"title": escaped(values["title"])} if path.suffix == ".md" else {}
                text = path.read_text(encoding="utf-8")
                yield target, Template(text).substitute(values | page)

    def record(self) -> str:
        """Returns what `check_device_log` compares a board's words with."""
        expected = self.outputs.reshape(len(self.outputs), -1).tolist()
        return json.dumps({"model_id": self.facts.model_id, "expected": expected}) + "\n"

    @property
    def _board_name(self) -> str:
        """What the platform calls the board."""
        own = self.board.platforms if self.board else {}
        return own.get(self.platform, DEFAULT_NAMES[self.platform])

    @property
    def _arena_bytes(self) -> int:
        """What `model.h` reserves on the board."""
        plain = self.board and not self.board.processor.has_mve
        return self.facts.plain_arena_bytes if plain else self.facts.arena_bytes

    @property
    def _has_camera(self) -> bool:
        esp_without = self.platform == "esp_idf" and self._board_name not in _CAMERA_TARGETS
        return bool(self.facts.spec.colour) and not esp_without

    def _values(self) -> dict[str, str]:
        """What the templates have places for."""
        board = self.board or known_boards().get(self._board_name)
        app_kib = int(board.flash_kib) // 4 * 4 if board else 0
        flash_mib = next(size for size in (4, 8, 16, 32, 64, 128) if self._fits(app_kib, size))
        return {
            "model_id": self.facts.model_id,
            "title": (board.title or board.name) if board else "any board",
            "board_name": self._board_name,
            "clock_mhz": f"{board.clock_mhz:g}" if board else "",
            "app_kib": str(app_kib),
            "flash_mib": str(flash_mib),
            "psram_mode": "CONFIG_SPIRAM_MODE_OCT=y" if self._board_name == "esp32s3" else "",
            "cmsis_nn": (
                "CONFIG_TENSORFLOW_LITE_MICRO_CMSIS_NN_KERNELS=y"
                if board is None or board.kernels == "cmsis_nn"
                else ""
            ),
            "arena_bytes": str(self._arena_bytes),
            "vector_count": str(len(self.raw)),
            "camera": _CAMERA_NOTES.get(self.platform, "") if self._has_camera else "",
            "api": _IMAGE_API if self.facts.spec.colour else _VALUES_API,
        }

    @staticmethod
    def _fits(app_kib: int, flash_mib: int) -> bool:
        return app_kib + _ESP_OTHER_KIB <= flash_mib * _MIB_KIB


def _project(
    report: ExportReport,
    tflite: bytes,
    raw: Sequence[np.ndarray] | np.ndarray,
    tflm: TflmRuntime | TflmPool,
    platform: str,
    boards: Sequence[Board],
) -> _Project:
    facts = facts_of_report(report, tflite, model_id(tflite), boards, platform)
    images = [np.asarray(one) for one in raw]
    given: Sequence[Frame] | np.ndarray
    if facts.spec.colour and all(image.dtype == np.uint8 for image in images):
        given = make_frames(images, facts)
        inputs = frame_inputs(given, facts)
    else:
        facts = dataclasses.replace(facts, spec=dataclasses.replace(facts.spec, colour=""))
        given = np.stack(images).astype(np.float32)
        inputs = value_inputs(given, facts)
    outputs = tflm.run(tflite, inputs).outputs
    board = boards[0] if boards else None
    return _Project(platform, board, facts, tflite, given, outputs)


_CAMERA_NOTES = {
    "pico": (
        "`examples/camera` prints the label of every frame of an [Arducam Mega]"
        "(https://github.com/ArduCAM/Arducam_Mega) (SPI0; chip select on pin 17): add\n"
        "`-DARDUCAM_MEGA=path/to/Arducam_Mega` to the first command, and flash `camera.uf2`."
    ),
    "esp_idf": (
        "`examples/camera` prints the label of every frame: the same commands in its folder. The\n"
        "pins are those of AI-Thinker's ESP32-CAM, or of an ESP32-S3-EYE; see its `main.cc`."
    ),
    "arduino": (
        "`examples/camera` prints the label of every frame of an OV7675 on a Nano 33 BLE, as the\n"
        "Tiny Machine Learning Kit has it; install the library Arduino_OV767X too."
    ),
}
_IMAGE_API = """\
#include "model.h"

float scores[MODEL_SCORES];
model_status status = model_init();
/* Per frame; also model_classify_rgb565, model_classify_grey. */
status = model_classify_rgb888(pixels, width, height, stride, scores, MODEL_SCORES);
if (status == MODEL_OK)
  puts(model_is_known(scores) ? model_label(model_best(scores)) : "unknown");"""
_VALUES_API = """\
#include "model.h"

float values[MODEL_INPUT_SIZE], scores[MODEL_SCORES];
model_status status = model_init();
/* Per input, with values as they were measured. */
status = model_run(values, scores, MODEL_SCORES);
if (status == MODEL_OK)
  puts(model_is_known(scores) ? model_label(model_best(scores)) : "unknown");"""
