"""What `export` is asked for: files, and how they become a model."""

import dataclasses

from tflite_export.common.settings import SettingsBase, setting
from tflite_export.convert.quantization_settings import Int8Settings
from tflite_export.input_spec import CHANNELS, CROPS

_FILES = "Files"
_INPUTS = "Inputs and outputs"
_MODELS = "Models"
TASKS = ("auto", "classification", "binary", "regression")


def _levels() -> list[str]:
    from tflite_export.pack.repack import Level  # loads LiteRT

    return list(Level)


@dataclasses.dataclass(frozen=True)
class ExportJob(SettingsBase):
    """One export from files: a saved model, what it is calibrated with, what it is tested with."""

    model: str = setting("Keras model, a .keras or .h5 file.", heading=_FILES)
    representative: str = setting(
        "Inputs like those that the board will see: a folder of images, nested as it may be, or a "
        ".npy or .npz file.",
        heading=_FILES,
    )
    output: str = setting("Folder to write.", heading=_FILES)
    test: str = setting(
        "Labelled inputs to measure accuracy on: a folder with one sub-folder a class, or an .npz "
        "file with the arrays inputs and labels.",
        "", heading=_FILES,
    )  # fmt: skip
    overwrite: bool = setting("Replaces an earlier export.", False, heading=_FILES)
    inputs: int = setting(
        "How many of the representative inputs are used.", 100, least=1, alias="images"
    )
    mean: tuple[float, ...] = setting(
        "What is subtracted from raw values, pixels being 0 to 255: one value, or one a channel. "
        "By default 128 for pixels, nothing where the model begins with a layer that normalises, "
        "and nothing for float arrays.",
        (), heading=_INPUTS,
    )  # fmt: skip
    std: tuple[float, ...] = setting(
        "What raw values are divided by then, likewise.", (), above=0, heading=_INPUTS
    )
    colour: str = setting(
        "Order of the channels of an image; by default rgb, or grey where there is one.",
        "", choices=tuple(CHANNELS), heading=_INPUTS,
    )  # fmt: skip
    crop: str = setting(
        "Keeps the middle of image files, or stretches them to the model's size.",
        "centre", choices=CROPS, heading=_INPUTS,
    )  # fmt: skip
    task: str = setting(
        "What the outputs mean; auto goes by the model.", "auto", choices=TASKS, heading=_INPUTS
    )
    class_names: tuple[str, ...] = setting(
        "Names of the classes in the order of the outputs; by default the sub-folders, sorted.", ()
    )
    boards: str = setting(
        "Boards to report fit and latency for, as nano33ble,my_board.toml; list shows the known "
        "ones.",
        "", heading=_MODELS,
    )  # fmt: skip
    int8: Int8Settings = Int8Settings()
    repack: str = setting(
        "How the file is made smaller: none, lossless, or tflm_only, which LiteRT cannot read.",
        "lossless", choices=_levels,
    )  # fmt: skip
    vela: str = setting(
        "Ethos-U to compile for, beside those of the boards: ethos-u55-128 and others.", ""
    )
    firmware: tuple[str, ...] = setting(
        "Firmware projects to write, of make, pico, esp_idf, arduino and zephyr; board: the usual "
        "one of each board.",
        (), heading=_MODELS,
    )  # fmt: skip
