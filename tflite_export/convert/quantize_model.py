"""Post-training quantisation, quantisation-aware training, or whichever is needed.

Whether training is needed is judged without a label, least of all one of the test images: by the
float model's own probabilities. Where float and int8 model name the same class nothing is lost;
where they differ, the chance of being right falls from that of the float model's class to that of
the int8 model's. The mean of this over all images estimates the accuracy lost. Counting how often
they differ instead would overstate the loss several times, for the model is unsure of most of
those images. Accuracy on training images would understate it, for these are learned by heart.
"""

import enum
import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from tflite_export.common.errors import ExportError
from tflite_export.convert.convert import convert_int8, convert_trained
from tflite_export.convert.outputs import outputs_of
from tflite_export.convert.qat import QatSettings, train_quantized
from tflite_export.runtimes.litert import LitertModel


class Method(enum.StrEnum):
    """How a float model becomes an int8 model."""

    PTQ = "ptq"
    QAT = "qat"
    AUTO = "auto"


@dataclass(frozen=True)
class Quantization:
    """What is asked for.

    Attributes:
        method: AUTO trains only if post-training quantisation loses more than `tolerance`.
        tolerance: accuracy in percentage points, by the estimate of this module.
        qat: of the training.
    """

    method: Method = Method.PTQ
    tolerance: float = 0.5
    qat: QatSettings = QatSettings()


@dataclass(frozen=True)
class Quantized:
    """What was made.

    Attributes:
        ptq: .tflite file by post-training quantisation.
        qat: .tflite file by quantisation-aware training, if that was needed or asked for.
        ptq_estimated_loss: of accuracy in points, by the estimate of this module; None: not needed.
        qat_seconds: of the training; None without.
    """

    ptq: bytes
    qat: bytes | None
    ptq_estimated_loss: float | None
    qat_seconds: float | None


def parse_quantization(method: str, tolerance: float, seed: int = 0) -> Quantization:
    """Returns what the flags --quantization and --tolerance ask for.

    Raises:
        ExportError: if there is no such method, or the tolerance is below 0.
    """
    if method not in list(Method):
        raise ExportError(f"--quantization={method}: choose from {', '.join(Method)}")
    if not 0.0 <= tolerance <= 100.0:
        raise ExportError(f"--tolerance={tolerance:g}: percentage points from 0 to 100 are needed")
    return Quantization(Method(method), tolerance, QatSettings(seed=seed))


def quantize_model(
    model: Any, representative: np.ndarray, images: np.ndarray, quantization: Quantization
) -> Quantized:
    """Makes the int8 files that are asked for; that by post-training quantisation always.

    Args:
        model: Keras 3 or `tf_keras` model of one image input and one vector of outputs.
        representative: float32 (n, height, width, channels) to take ranges from.
        images: float32 (batch, height, width, channels) to train on, and to estimate losses on.

    Raises:
        ExportError: if the model cannot be converted or trained.
    """
    ptq, loss = convert_int8(model, representative), None
    if quantization.method == Method.AUTO:
        litert = LitertModel(ptq)
        int8 = litert.run(litert.quantize(images)).logits
        loss = estimated_loss(outputs_of(model, images), int8)
    wanted = quantization.method == Method.QAT or (loss or 0.0) > quantization.tolerance
    if not wanted:
        return Quantized(ptq, None, loss, None)
    started = time.perf_counter()
    trained = train_quantized(model, representative, images, quantization.qat)
    return Quantized(ptq, convert_trained(trained), loss, time.perf_counter() - started)


def estimated_loss(outputs: np.ndarray, int8_outputs: np.ndarray) -> float:
    """Returns the estimated loss of accuracy in percentage points; 0 if all answers are equal.

    Args:
        outputs: (batch, classes), logits or probabilities of the float model.
        int8_outputs: (batch, classes), of the int8 model.
    """
    probabilities = outputs
    if outputs.min() < 0.0 or not np.allclose(outputs.sum(axis=1), 1.0, atol=1e-3):
        powers = np.exp(outputs - outputs.max(axis=1, keepdims=True))
        probabilities = powers / powers.sum(axis=1, keepdims=True)
    rows = np.arange(len(outputs))
    lost = probabilities.max(axis=1) - probabilities[rows, int8_outputs.argmax(axis=1)]
    return 100.0 * float(lost.mean())
