"""Keras model in, verified int8 model for TFLite Micro out.

    tofa export some.keras --representative=images/ --output=out/ --test=labelled/

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

from pathlib import Path

from tflite_export.common.command import Command, run_command
from tflite_export.common.console import warn
from tflite_export.exporting.export_job import ExportJob


def main(job: ExportJob) -> None:
    """Exports one model file and prints its figures."""
    from tflite_export.exporting.export_folder import FIRMWARE_FOLDER
    from tflite_export.exporting.export_summary import normalisation_doubt, summary
    from tflite_export.exporting.run_export import run_export

    result = run_export(job)
    print(f"{job.output}: {summary(result.report)}")
    projects = sorted(Path(job.output, FIRMWARE_FOLDER).glob("[!.]*"))
    if job.firmware and projects:
        places = ", ".join(map(str, projects))
        print(f"firmware: {places}; README.md there says how to build and flash it")
    if result.better:
        warn(normalisation_doubt(result.better, flags=True))


def _boards() -> str:
    from tflite_export.devices.boards import list_boards

    return list_boards()


COMMAND = Command(main, (ExportJob,), positional=("model",), answers={("boards", "list"): _boards})

if __name__ == "__main__":
    run_command(COMMAND)
