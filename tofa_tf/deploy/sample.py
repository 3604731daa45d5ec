"""How a test image becomes the input of a model, as a picture."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw

from tflite_export.common.image_files import decode_image
from tflite_export.input_spec import InputSpec
from tflite_export.preprocess import central_part, prepare
from tofa_tf.common.files import replacing
from tofa_tf.common.paths import user_path

if TYPE_CHECKING:
    from tofa_tf.training.experiment import Experiment

SAMPLE = "sample.png"
_HEIGHT, _GAP = 240, 12
_FRAME = (224, 49, 49)


def original_image(experiment: "Experiment", position: int) -> np.ndarray:
    """Returns a test image as it was before it was resized, where its file is still there.

    Args:
        experiment: with the images.
        position: among the test images.

    Returns:
        uint8 (height, width, 1 or 3); the image at the run's largest resolution where there is no
        file, as of arrays.
    """
    settings, test = experiment.settings, experiment.dataset.test
    name = str(test.ids[position])
    folder = settings.test if name.startswith("test:") else settings.dataset
    file = user_path(folder or ".") / name.removeprefix("test:")
    try:
        return decode_image(file)
    except (OSError, ValueError):
        return test.images[position]


def write_sample(image: np.ndarray, spec: InputSpec, path: Path) -> None:
    """Writes an image and what becomes of it side by side as a PNG; what is cut off lies outside.

    Args:
        image: uint8 (height, width, 1 or 3).
        spec: of an image input.
        path: of the PNG.
    """
    top, left, height, width = central_part(*image.shape[:2], *spec.shape[:2])
    photo, scale = _picture(image), _HEIGHT / image.shape[0]
    photo = photo.resize((max(1, round(scale * image.shape[1])), _HEIGHT))
    ImageDraw.Draw(photo).rectangle(
        [scale * left, scale * top, scale * (left + width) - 1, scale * (top + height) - 1],
        outline=_FRAME,
        width=2,
    )
    seen = _picture(prepare(image, spec))
    seen = seen.resize(
        (max(1, round(_HEIGHT * seen.width / seen.height)), _HEIGHT), Image.Resampling.NEAREST
    )
    sheet = Image.new("RGB", (photo.width + _GAP + seen.width, _HEIGHT), "white")
    sheet.paste(photo, (0, 0))
    sheet.paste(seen, (photo.width + _GAP, 0))
    with replacing(path) as temporary:
        sheet.save(temporary, format="PNG")


def _picture(image: np.ndarray) -> Image.Image:
    return Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image).convert("RGB")
