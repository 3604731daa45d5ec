"""How a deployed model answers the test images: by class, and where it is surest and wrong."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from tflite_export.common.json_data import JsonRecord
from tflite_export.rejection import Rejection
from tflite_export.runtimes.litert import LitertModel
from tflite_export.task import CLASSIFICATION
from tofa_tf.common.files import replacing

WORST_IMAGES = "worst_images.png"
_MOST_WORST = 24
_COLUMNS, _CELL, _GAP = 8, 72, 4


@dataclass(frozen=True)
class Mistake(JsonRecord):
    """A test image that the model gets wrong.

    Attributes:
        image: its number among the test images.
        truth: its class.
        answer: the model's.
        probability: of that, by the model.
    """

    image: int
    truth: int
    answer: int
    probability: float


@dataclass(frozen=True)
class Evaluation(JsonRecord):
    """Answers of the int8 model to the test images, in LiteRT.

    Attributes:
        confusion: images of class i (row) that were taken for class j.
        worst: wrong answers, the surest first.
        kept: share of the test images that are not "unknown"; None where nothing is.
    """

    confusion: tuple[tuple[int, ...], ...]
    worst: tuple[Mistake, ...]
    kept: float | None = None

    @property
    def by_class(self) -> tuple[tuple[int, int], ...]:
        """Right answers and images of each class."""
        return tuple((row[number], sum(row)) for number, row in enumerate(self.confusion))


def evaluate(
    tflite: bytes, inputs: np.ndarray, labels: np.ndarray, rejection: Rejection | None = None
) -> Evaluation:
    """Runs a classifier on labelled images.

    Args:
        tflite: the whole file; one that LiteRT reads.
        inputs: float32 (n, height, width, channels), normalised.
        labels: integers (n,).
        rejection: what is "unknown".
    """
    litert = LitertModel(tflite)
    outputs = litert.run(litert.quantize(inputs)).values
    probabilities = CLASSIFICATION.probabilities(outputs)
    answers = probabilities.argmax(axis=1)
    classes = probabilities.shape[1]
    confusion = np.zeros((classes, classes), int)
    np.add.at(confusion, (labels, answers), 1)
    surest = probabilities.max(axis=1)
    wrong = np.flatnonzero(answers != labels)
    worst = wrong[np.argsort(-surest[wrong], kind="stable")][:_MOST_WORST]
    kept = None
    if rejection:
        kept = 1.0 - float(rejection.rejected(outputs, CLASSIFICATION).mean())
    return Evaluation(
        tuple(tuple(map(int, row)) for row in confusion),
        tuple(Mistake(int(i), int(labels[i]), int(answers[i]), float(surest[i])) for i in worst),
        kept,
    )


def write_worst_images(pixels: np.ndarray, path: Path) -> None:
    """Writes images side by side as a PNG, eight in a row.

    Args:
        pixels: uint8 (n, height, width, 1 or 3); may be empty, then nothing is written.
        path: of the PNG.
    """
    if not len(pixels):
        return
    rows = -(-len(pixels) // _COLUMNS)
    size = (_COLUMNS * (_CELL + _GAP) - _GAP, rows * (_CELL + _GAP) - _GAP)
    sheet = Image.new("RGB", size, "white")
    for number, one in enumerate(pixels):
        image = Image.fromarray(one[..., 0] if one.shape[-1] == 1 else one).convert("RGB")
        row, column = divmod(number, _COLUMNS)
        place = (column * (_CELL + _GAP), row * (_CELL + _GAP))
        sheet.paste(image.resize((_CELL, _CELL), Image.Resampling.NEAREST), place)
    with replacing(path) as temporary:
        sheet.save(temporary, format="PNG")
