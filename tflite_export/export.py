"""Keras model in, verified int8 model for TFLite Micro out.

    python -m tflite_export.export --model=some.keras --representative=images/ --output=out/ \
        --test=labelled/

writes `model_int8.tflite`, the same as C++ source (`model_data.cc`, `model_data.h`), and
`report.json`: what it was made of and how it was verified. With --boards=rp2040,my_board.toml also
`boards.md`: what fits where, and latency estimates; --boards=list lists the known ones. With
--vela=ethos-u55-128, or for a board that has such an NPU, also `model_vela.tflite`, the same model
compiled for it. With --firmware=pico (or make, esp_idf, arduino, zephyr) a project to flash under
`firmware/`.

The model file is .keras or .h5, with one float32 input of fixed size, an image (height, width,
channels), a window of sensor data (steps, sensors) or a vector (samples,), and one output. The
representative inputs are like those the board will see (a folder of images, or a .npy / .npz
array), and 100 of them are enough. The test inputs have labels: a folder with one sub-folder a
class, or an .npz file with the arrays "inputs" and "labels"; accuracies of float and int8 model are
printed, and a warning if another normalisation explains the labels clearly better.

Pixels (0 to 255) reach the model as (pixel - mean) / std, by default with mean and std 128, which
makes the board's int8 input simply pixel - 128. A model that begins with a Rescaling or
Normalization layer of its own gets the pixels as they are. Float arrays are taken as they are. Give
--mean and --std where the model was trained on something else: a wrong pair spoils the int8 model.
Image files are turned upright, cropped to the model's proportions and resized as
`tflite_export/preprocess.py` says.

What the outputs mean (--task) is told by the model where it can be, see `tflite_export/task.py`.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from absl import flags

from tflite_export.common import cli
from tflite_export.common.errors import ExportError
from tflite_export.convert.quantize_model import Method, parse_quantization
from tflite_export.devices.boards import list_boards, load_boards
from tflite_export.devices.npus import NPUS
from tflite_export.export_job import ExportJob, run_export
from tflite_export.export_summary import normalisation_warning, summary
from tflite_export.firmware.generate import PLATFORMS
from tflite_export.input_spec import CHANNELS, CROPS
from tflite_export.pack.repack import Level
from tflite_export.runtimes.vela import wanted_npus
from tflite_export.task import Task

_MODEL = flags.DEFINE_string("model", None, "Keras model: a .keras or .h5 file.")
_REPRESENTATIVE = flags.DEFINE_string(
    "representative", None, "Folder of images (nested as it may be), or .npy / .npz file."
)
_OUTPUT = flags.DEFINE_string("output", None, "Folder to write.")
_TEST = flags.DEFINE_string(
    "test", None, "Labelled: a folder with one sub-folder a class, or .npz (inputs, labels)."
)
_CLASS_NAMES = flags.DEFINE_list(
    "class_names", [], "In the order of the model's outputs; default: sorted names of --test."
)
_OVERWRITE = flags.DEFINE_bool("overwrite", False, "Replace an earlier output.")
_INPUTS = flags.DEFINE_integer(
    "inputs", 100, "How many of the representative inputs to use.", lower_bound=1
)
flags.DEFINE_alias("images", "inputs")
_TASK = flags.DEFINE_enum("task", Task.AUTO, list(Task), "What the outputs of the model mean.")
_COLOUR = flags.DEFINE_enum(
    "colour",
    "",
    ["", *CHANNELS],
    "Order of the channels; default: rgb, or grey where there is one.",
)
_CROP = flags.DEFINE_enum(
    "crop", "centre", CROPS, "Keep the middle of image files, or stretch the whole to the size."
)
_REPACK = flags.DEFINE_enum(
    "repack", Level.LOSSLESS, list(Level), "How the file is made smaller; outputs stay the same."
)
_QUANTIZATION = flags.DEFINE_enum(
    "quantization",
    Method.PTQ,
    list(Method),
    "After training (ptq), by training on the representative inputs (qat), or auto: qat if ptq "
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
    result = run_export(
        ExportJob(
            model=Path(_MODEL.value),
            representative=Path(_REPRESENTATIVE.value),
            output=Path(_OUTPUT.value),
            test=Path(_TEST.value) if _TEST.value else None,
            inputs=_INPUTS.value,
            class_names=tuple(_CLASS_NAMES.value),
            mean=_numbers(_MEAN),
            std=_numbers(_STD),
            colour=_COLOUR.value,
            crop=_CROP.value,
            task=Task(_TASK.value),
            quantization=parse_quantization(_QUANTIZATION.value, _TOLERANCE.value),
            repack_level=Level(_REPACK.value),
            boards=tuple(boards),
            npus=wanted_npus(_VELA.value, boards),
            firmware=tuple(_FIRMWARE.value),
            overwrite=_OVERWRITE.value,
        )
    )
    print(f"{_OUTPUT.value}: {summary(result.report)}")
    if result.better:
        print(normalisation_warning(result.better), file=sys.stderr)


def _numbers(flag: flags.FlagHolder) -> tuple[float, ...] | None:
    if flag.value is None:
        return None
    try:
        return tuple(map(float, flag.value))
    except ValueError as error:
        raise ExportError(f"--{flag.name}: numbers, separated by commas: {error}") from error


if __name__ == "__main__":
    cli.run_script(main)
