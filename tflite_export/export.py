"""Keras model in, verified int8 model for TFLite Micro out.

    python -m tflite_export.export --model=some.keras --representative=images/ --output=out/

writes `model_int8.tflite`, the same as C++ source (`model_data.cc`, `model_data.h`), and
`report.json`: what it was made of and how it was verified. With --boards=rp2040,my_board.toml also
`boards.md`: what fits where, and latency estimates; --boards=list lists the known ones. With
--vela=ethos-u55-128, or for a board that has such an NPU, also `model_vela.tflite`, the same model
compiled for it. With --firmware=pico (or make, esp_idf, arduino, zephyr) a project to flash under
`firmware/`. The model file is .keras or .h5, with one image input of fixed size and one vector of
outputs; the representative images are like those the board will see (a folder, or a .npy / .npz
array), and 100 of them are enough.

Pixels (0 to 255) reach the model as (pixel - mean) / std, by default with mean and std 128, which
makes the board's int8 input simply pixel - 128. A model that begins with a Rescaling or
Normalization layer of its own gets the pixels as they are. Float arrays are taken as they are. Give
--mean and --std where the model was trained on something else: a wrong pair spoils the int8 model.
"""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from absl import flags

from tflite_export.common import cli
from tflite_export.common.errors import ExportError
from tflite_export.common.folders import check_free
from tflite_export.common.raw_inputs import read_inputs
from tflite_export.convert.convert import image_shape
from tflite_export.convert.keras_file import load_model
from tflite_export.convert.normalization import (
    Normalization,
    default_normalization,
    parse_normalization,
)
from tflite_export.convert.quantization import quantize
from tflite_export.convert.quantization_report import QuantizationReport
from tflite_export.convert.quantize_model import Method, parse_quantization
from tflite_export.devices.boards import list_boards, load_boards
from tflite_export.devices.npus import NPUS
from tflite_export.export_model import (
    EXPORT,
    FIRMWARE_FOLDER,
    MODEL_FILE,
    ExportReport,
    export_model,
)
from tflite_export.firmware.generate import (
    PLATFORMS,
    TEST_VECTORS,
    check_platforms,
    write_firmware,
)
from tflite_export.input_spec import default_spec
from tflite_export.pack.repack import Level
from tflite_export.runtimes.tflm import TflmRuntime
from tflite_export.runtimes.vela import wanted_npus

_MODEL = flags.DEFINE_string("model", None, "Keras model: a .keras or .h5 file.")
_REPRESENTATIVE = flags.DEFINE_string(
    "representative", None, "Folder of images (nested as it may be), or .npy / .npz file."
)
_OUTPUT = flags.DEFINE_string("output", None, "Folder to write.")
_OVERWRITE = flags.DEFINE_bool("overwrite", False, "Replace an earlier output.")
_IMAGES = flags.DEFINE_integer("images", 100, "How many of the images to use.", lower_bound=1)
_REPACK = flags.DEFINE_enum(
    "repack", Level.LOSSLESS, list(Level), "How the file is made smaller; outputs stay the same."
)
_QUANTIZATION = flags.DEFINE_enum(
    "quantization",
    Method.PTQ,
    list(Method),
    "After training (ptq), by training on the representative images (qat), or auto: qat if ptq "
    "loses more than --tolerance.",
)
_TOLERANCE = flags.DEFINE_float("tolerance", 0.5, "Of auto: estimated loss in percentage points.")
_BOARDS = flags.DEFINE_string("boards", "", "Boards, and files of your own boards; or: list.")
_VELA = flags.DEFINE_string("vela", "", f"Ethos-U to compile for: {', '.join(NPUS)}.")
_FIRMWARE = flags.DEFINE_list("firmware", [], f"Firmware projects: {', '.join(PLATFORMS)}.")
_MEAN = flags.DEFINE_list("mean", None, "Subtracted from pixels: one value or one per channel.")
_STD = flags.DEFINE_list("std", None, "Divides pixels then: one value or one per channel.")


def main(argv: Sequence[str]) -> None:
    """Exports one model file."""
    del argv
    if _BOARDS.value == "list":
        print(list_boards())
        return
    for flag in (_MODEL, _REPRESENTATIVE, _OUTPUT):
        if not flag.value:
            raise ExportError(f"--{flag.name} is missing; --help explains it")
    boards = load_boards(_BOARDS.value) if _BOARDS.value else []
    npus = wanted_npus(_VELA.value, boards)
    check_platforms(_FIRMWARE.value)
    quantization = parse_quantization(_QUANTIZATION.value, _TOLERANCE.value)
    output = Path(_OUTPUT.value)
    check_free(output, overwrite=_OVERWRITE.value, kind=EXPORT)
    model = load_model(Path(_MODEL.value))
    spec = default_spec(image_shape(model))
    pixels = read_inputs(Path(_REPRESENTATIVE.value), spec, _IMAGES.value)
    normalize = parse_normalization(_MEAN.value, _STD.value) or default_normalization(model, pixels)
    images = normalize(pixels)
    recipe = {
        "model": Path(_MODEL.value).name,
        "representative": Path(_REPRESENTATIVE.value).name,
        "representative_images": len(images),
        "normalization": dataclasses.asdict(normalize),
    }
    with TflmRuntime() as tflm:
        report = export_model(
            model,
            images,
            None,
            None,
            output,
            tflm=tflm,
            recipe=recipe,
            overwrite=_OVERWRITE.value,
            repack_level=_REPACK.value,
            boards=boards,
            quantization=quantization,
            npus=npus,
        )
        _write_firmware(output, report, images, tflm)
    print(_summary(output, report, normalize))


def _write_firmware(
    output: Path, report: ExportReport, images: np.ndarray, tflm: TflmRuntime
) -> None:
    inputs = quantize(images[:TEST_VECTORS], report.input_scale, report.input_zero_point)
    # The largest arena that any of the boards asked for needs.
    arena = max((board.fit.arena_used for board in report.boards), default=None)
    for platform in dict.fromkeys(_FIRMWARE.value):
        folder = output / FIRMWARE_FOLDER / platform
        tflite = (output / MODEL_FILE).read_bytes()
        write_firmware(folder, platform, tflite, inputs, tflm, arena_bytes=arena)


def _summary(output: Path, report: ExportReport, normalize: Normalization) -> str:
    memory, packing, checked = report.memory, report.packing, report.verification
    boards = "".join(
        f"\n{board.latency}; {'lacks ' + board.missing if board.missing else 'fits'}"
        for board in report.boards
    )
    # At the clock of the board, where it is a board's.
    clocked = {board.npu.config: board.npu for board in report.boards if board.npu}
    npus = "".join(f"\n{clocked.get(npu.config, npu)}" for npu in report.npus)
    return (
        f"{output}: {report.macs / 1e6:.2f} MMACs, flash {memory.flash_bytes / 1024:.1f} KiB, "
        f"arena {memory.arena_bytes / 1024:.1f} KiB in TFLite Micro\n"
        f"repacking ({packing.level}): {packing.unpacked_bytes / 1024:.1f} to "
        f"{memory.flash_bytes / 1024:.1f} KiB, {packing.dead_channels} dead channels removed\n"
        f"input: {normalize}\n"
        f"{_quantization(report.quantization)}\n"
        f"top-1 of int8 and float model equal on {checked.int8_agreement:.1%} of {checked.images} "
        f"images; LiteRT and TFLite Micro differ by {checked.litert_tflm_max_lsb} LSB at most"
        + boards
        + npus
    )


def _quantization(report: QuantizationReport) -> str:
    estimate = report.ptq_estimated_loss
    reason = "" if estimate is None else f"; ptq is estimated to lose {estimate:.2f} points"
    other = "" if report.qat is None else f" ({report.ptq.agreement:.1%} with ptq)"
    return f"quantization: {report.used}{other}{reason}"


if __name__ == "__main__":
    cli.run_script(main)
