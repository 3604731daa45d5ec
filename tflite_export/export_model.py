"""The whole way of one model: Keras in, verified int8 files for TFLite Micro out."""

import dataclasses
import hashlib
import importlib.metadata
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tflite_export.common.errors import ExportError
from tflite_export.common.folders import FolderKind, check_free, new_folder
from tflite_export.convert.convert import check_images, image_shape
from tflite_export.convert.outputs import outputs_of
from tflite_export.convert.quantization_report import (
    QuantizationReport,
    report_quantization,
)
from tflite_export.convert.quantize_model import Quantization, quantize_model
from tflite_export.devices.board_report import BoardReport, boards_markdown, report_boards
from tflite_export.devices.boards import Board
from tflite_export.devices.fit import largest_arena
from tflite_export.devices.memory import Memory, memory_of
from tflite_export.firmware.c_source import c_header, c_source
from tflite_export.graph.flatbuffer import read_tflite
from tflite_export.graph.operators import OperatorGraph
from tflite_export.graph.ops import check_tflm_ops
from tflite_export.pack.repack import Level, Packing, check_same_outputs, parse_level, repack
from tflite_export.runtimes.litert import LitertModel
from tflite_export.runtimes.tflm import TflmRuntime
from tflite_export.runtimes.tflm_pool import TflmPool
from tflite_export.runtimes.vela import NpuReport, compile_for_npus, vela_version
from tflite_export.runtimes.verify import TFLM_IMAGES, Verification, verify

MODEL_FILE = "model_int8.tflite"
REPORT_FILE = "report.json"
FIRMWARE_FOLDER = "firmware"
BOARDS_FILE = "boards.md"
_C_NAME = "model_data"

_PACKAGES = ("tensorflow", "keras", "tf_keras", "ai-edge-litert", "tflite_micro", "numpy")
_TFMOT = "tensorflow-model-optimization"
_PTQ = Quantization()
# Images on which a repacked model has to give the original's outputs, bit by bit.
_COMPARED_IMAGES = 16


def _made_earlier(folder: Path) -> bool:
    """Whether a folder without marker file holds an export: its report is of the model beside."""
    try:
        report = json.loads((folder / REPORT_FILE).read_text(encoding="utf-8"))
        tflite = (folder / MODEL_FILE).read_bytes()
        return report["sha256"] == hashlib.sha256(tflite).hexdigest()
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return False


EXPORT = FolderKind(
    "export",
    own=(
        *(MODEL_FILE, f"{_C_NAME}.cc", f"{_C_NAME}.h", "model_vela*.tflite"),
        *(REPORT_FILE, BOARDS_FILE, FIRMWARE_FOLDER),
        # Of a subnet: what it was cut from, and for which budgets.
        *("arch.json", "scenario.json"),
    ),
    made_earlier=_made_earlier,
)


@dataclass(frozen=True)
class ExportReport:
    """What was exported; `report.json` holds the same.

    Attributes:
        sha256: of the .tflite file.
        tflite_bytes: its size.
        macs: multiply-accumulates of one inference.
        ops: how often each op occurs.
        input_shape: (1, height, width, channels), int8.
        input_scale: with `input_zero_point`: real = scale * (int8 - zero point).
        output_shape: (1, classes), int8.
        memory: flash and arena.
        packing: how the file was made smaller.
        quantization: how it became int8, and what the other way gives.
        verification: accuracy and agreement.
        boards: fit and latency estimate on the boards asked for.
        npus: what Vela says of the NPUs asked for.
        versions: of the packages that had a part in it.
        recipe: what the caller wants to have noted.
    """

    sha256: str
    tflite_bytes: int
    macs: int
    ops: Mapping[str, int]
    input_shape: tuple[int, ...]
    input_scale: float
    input_zero_point: int
    output_shape: tuple[int, ...]
    output_scale: float
    output_zero_point: int
    memory: Memory
    packing: Packing
    quantization: QuantizationReport
    verification: Verification
    boards: tuple[BoardReport, ...]
    npus: tuple[NpuReport, ...]
    versions: Mapping[str, str]
    recipe: Mapping

    def to_json(self) -> str:
        """Returns the report as it is written to `report.json`."""
        return json.dumps(dataclasses.asdict(self), indent=2) + "\n"


def export_model(
    model,
    representative: np.ndarray,
    images: np.ndarray | None,
    labels: np.ndarray | None,
    output_dir: Path | str,
    *,
    tflm: TflmRuntime | TflmPool,
    recipe: Mapping | None = None,
    overwrite: bool = False,
    tflm_images: int = TFLM_IMAGES,
    repack_level: Level | str = Level.LOSSLESS,
    boards: Sequence[Board] = (),
    quantization: Quantization = _PTQ,
    training_images: np.ndarray | None = None,
    npus: Sequence[str] = (),
) -> ExportReport:
    """Converts a model to int8, verifies it and writes it with its C++ source and its report.

    Args:
        model: Keras 3 or tf_keras model of one image input and one vector of outputs.
        representative: float32 (n, height, width, channels) to calibrate with, normalised.
        images: float32 (batch, height, width, channels) to verify with, normalised; None: the
            representative images.
        labels: class indices (batch,); None: accuracies are None.
        output_dir: folder to write; it appears complete or not at all.
        tflm: a running TFLite Micro.
        recipe: JSON-able record of how the model came about, kept in the report.
        overwrite: replace an earlier output.
        tflm_images: at most so many images go through TFLite Micro.
        repack_level: how the file is made smaller. A file for TFLite Micro only is verified as the
            lossless one, and compared with that in TFLite Micro bit by bit.
        boards: to report fit and latency estimate for; a model that does not fit is written too.
        quantization: after training, by training, or whichever is needed.
        training_images: float32 (batch, height, width, channels) for quantisation-aware training,
            normalised, without labels; None: the representative images.
        npus: to compile for with Vela, see `vela.wanted_npus`.

    Raises:
        ExportError: if the model cannot be converted or fails verification, or the folder is taken;
            then nothing is written.
    """
    output_dir, level = Path(output_dir), parse_level(repack_level)
    check_free(output_dir, overwrite=overwrite, kind=EXPORT)
    if images is None:
        images, labels = representative, None
    check_images(images, image_shape(model), "images to verify with")
    if labels is not None and len(labels) != len(images):
        raise ExportError(f"there are {len(labels)} labels for {len(images)} images")

    if training_images is None:
        training_images = representative
    check_images(training_images, image_shape(model), "training images")

    made = quantize_model(model, representative, training_images, quantization)
    logits = outputs_of(model, images)
    tflite, packing, portable = _repack(made.qat or made.ptq, level, images, tflm)
    verification = verify(portable, images, labels, logits, tflm, tflm_images=tflm_images)
    file = read_tflite(tflite)
    source, target = file.inputs[0], file.outputs[0]
    compiled = compile_for_npus(tflite, npus)
    npu_reports = tuple(npu for npu, _ in compiled)
    report = ExportReport(
        sha256=hashlib.sha256(tflite).hexdigest(),
        tflite_bytes=len(tflite),
        macs=file.macs,
        ops=file.op_counts,
        input_shape=source.shape,
        input_scale=source.scales[0],
        input_zero_point=source.zero_points[0],
        output_shape=target.shape,
        output_scale=target.scales[0],
        output_zero_point=target.zero_points[0],
        memory=memory_of(file, verification.arena_bytes),
        packing=packing,
        quantization=report_quantization(quantization, made, verification, images, labels, logits),
        verification=verification,
        boards=report_boards(file, verification, boards, npu_reports),
        npus=npu_reports,
        versions=_versions(trained=made.qat is not None) | vela_version(npus),
        recipe=dict(recipe or {}),
    )
    write_export(output_dir, report, tflite, compiled, overwrite=overwrite)
    return report


def write_export(
    output_dir: Path,
    report: ExportReport,
    tflite: bytes,
    compiled: Sequence[tuple[NpuReport, bytes]],
    *,
    overwrite: bool,
) -> None:
    """Writes an export's folder, which appears complete or not at all.

    Args:
        output_dir: the folder.
        report: of the export.
        tflite: the verified model.
        compiled: the same for NPUs.
        overwrite: replace an earlier output.

    Raises:
        ExportError: if the folder is taken or cannot be written.
    """
    file = read_tflite(tflite)
    header = c_header(file, *_reserve(report, file), _C_NAME)
    with new_folder(output_dir, overwrite=overwrite, kind=EXPORT) as folder:
        (folder / MODEL_FILE).write_bytes(tflite)
        (folder / f"{_C_NAME}.h").write_text(header, encoding="utf-8")
        (folder / f"{_C_NAME}.cc").write_text(c_source(tflite, _C_NAME), encoding="utf-8")
        for npu, content in compiled:
            (folder / npu.file).write_bytes(content)
        if report.boards:
            (folder / BOARDS_FILE).write_text(boards_markdown(report.boards), encoding="utf-8")
        (folder / REPORT_FILE).write_text(report.to_json(), encoding="utf-8")
        _keep_firmware(output_dir, folder, tflite)


def _keep_firmware(old: Path, new: Path, tflite: bytes) -> None:
    """Takes over projects that were written, and maybe edited since, for the very same model."""
    model = old / MODEL_FILE
    if (old / FIRMWARE_FOLDER).is_dir() and model.exists() and model.read_bytes() == tflite:
        shutil.copytree(old / FIRMWARE_FOLDER, new / FIRMWARE_FOLDER)


def _reserve(report: ExportReport, file: OperatorGraph) -> tuple[int, str]:
    """Returns the arena in bytes that the C header names, and the boards it is enough for."""
    if report.boards:
        names = ", ".join(board.fit.board for board in report.boards)
        return max(board.fit.arena_used for board in report.boards), names
    checked = report.verification
    arena = largest_arena(file, checked.arena_bytes, checked.nonpersistent_bytes)
    return arena, "any known board"


def _versions(*, trained: bool) -> dict[str, str]:
    packages = (*_PACKAGES, _TFMOT) if trained else _PACKAGES
    return {name: importlib.metadata.version(name) for name in packages}


def _repack(
    converted: bytes, level: Level, images: np.ndarray, tflm: TflmRuntime | TflmPool
) -> tuple[bytes, Packing, bytes]:
    """Returns the file to write, what was done to it, and the file that LiteRT can verify."""
    check_tflm_ops(read_tflite(converted))  # While tensors still have names to complain about.
    if level is Level.NONE:
        return *repack(converted, level), converted
    inputs = LitertModel(converted).quantize(images[:: -(-len(images) // _COMPARED_IMAGES)])
    portable, packing = repack(converted, Level.LOSSLESS)
    check_same_outputs(converted, portable, packing, inputs, tflm)
    if level is Level.LOSSLESS:
        return portable, packing, portable
    smallest, packing = repack(converted, level)
    check_same_outputs(converted, smallest, packing, inputs, tflm)
    return smallest, packing, portable
