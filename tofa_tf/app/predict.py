"""Classifies images by a deployed model: the very .tflite file, in LiteRT on this machine.

    tofa predict runs/photos/scenarios/rp2040 cat.jpg more_photos/
    tofa predict runs/photos/scenarios/rp2040 frame.rgb565 --width=160 --height=120

Images are cropped, resized and normalised as the model's report says, which is as its firmware
does it. Works with what `tofa export` has written too, and with .npy files of raw inputs. With
--width and --height, files are frames of a camera: bare pixels without a header, one frame or
several.
"""

import dataclasses
from collections.abc import Sequence

from tflite_export.common.command import Command
from tflite_export.common.errors import TofaError, printable
from tflite_export.common.settings import SettingsBase, setting
from tofa_tf.app.main import run

_PREDICTION = "Prediction"


def _pixels() -> Sequence[str]:
    from tflite_export.common.raw_frames import PIXELS  # loads numpy

    return PIXELS


@dataclasses.dataclass(frozen=True)
class Prediction(SettingsBase):
    """Which model, which images."""

    model: str = setting("Folder of the model, or the .tflite file in it.", heading=_PREDICTION)
    inputs: tuple[str, ...] = setting(
        "Images, folders of images, .npy files of raw inputs, or frames of bare pixels.",
        heading=_PREDICTION,
    )
    top: int = setting("How many classes to show.", 3, least=1, heading=_PREDICTION)
    width: int = setting(
        "Of frames of bare pixels; 0: the inputs are no frames.", 0, least=0, heading=_PREDICTION
    )
    height: int = setting("Likewise.", 0, least=0, heading=_PREDICTION)
    pixels: str = setting(
        "What a frame's pixels are: rgb888, rgb565, rgb565be (the high byte first) or grey; by "
        "default the file's extension says it.",
        "", choices=_pixels, heading=_PREDICTION,
    )  # fmt: skip


def main(asked: Prediction) -> None:
    """Prints one line an image: its name, and the likeliest classes with their scores."""
    from pathlib import Path

    from tflite_export.common.raw_frames import named_frames
    from tflite_export.common.raw_inputs import named_inputs
    from tflite_export.predictor import Predictor

    if bool(asked.width) != bool(asked.height) or (asked.pixels and not asked.width):
        raise TofaError("frames of bare pixels need both width and height")
    predictor = Predictor.of(Path(asked.model))
    for path in asked.inputs:
        found = (
            named_frames(Path(path), asked.width, asked.height, asked.pixels)
            if asked.width
            else named_inputs(Path(path))
        )
        for name, raw in found:
            print(printable(f"{name}  {predictor.describe(raw, asked.top)}"), flush=True)


COMMAND = Command(main, (Prediction,), positional=("model", "inputs"))

if __name__ == "__main__":
    run("predict")
