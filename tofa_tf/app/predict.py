"""Classifies images by a deployed model: the very .tflite file, in LiteRT on this machine.

    tofa predict runs/photos/scenarios/rp2040 cat.jpg more_photos/

Images are cropped, resized and normalised as the model's report says, which is as its firmware
does it. Works with what `tofa export` has written too, and with .npy files of raw inputs.
"""

import dataclasses

from tflite_export.common.command import Command
from tflite_export.common.settings import SettingsBase, setting
from tofa_tf.app.main import run

_PREDICTION = "Prediction"


@dataclasses.dataclass(frozen=True)
class Prediction(SettingsBase):
    """Which model, which images."""

    model: str = setting("Folder of the model, or the .tflite file in it.", heading=_PREDICTION)
    inputs: tuple[str, ...] = setting(
        "Images, folders of images, or .npy files of raw inputs.", heading=_PREDICTION
    )
    top: int = setting("How many classes to show.", 3, least=1, heading=_PREDICTION)


def main(asked: Prediction) -> None:
    """Prints one line an image: its name, and the likeliest classes with their scores."""
    from pathlib import Path

    from tflite_export.common.raw_inputs import named_inputs
    from tflite_export.predictor import Predictor

    predictor = Predictor.of(Path(asked.model))
    for path in asked.inputs:
        for name, raw in named_inputs(Path(path)):
            print(f"{name}  {predictor.describe(raw, asked.top)}", flush=True)


COMMAND = Command(main, (Prediction,), positional=("model", "inputs"))

if __name__ == "__main__":
    run("predict")
