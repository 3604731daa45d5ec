"""Post-training quantisation, quantisation-aware training, or whichever is needed.

Whether training is needed is judged without a label, least of all one of the test data: by the
float model's own probabilities. Where float and int8 model give the same answer nothing is lost;
where they differ, the chance of being right falls from that of the float model's answer to that of
the int8 model's. The mean of this over all answers estimates the accuracy lost. Counting how often
they differ instead would overstate the loss several times, for the model is unsure of most of
those. Accuracy on training data would understate it, for these are learned by heart.
"""

import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from tflite_export.common.errors import ExportError
from tflite_export.convert.convert import convert_both, convert_trained
from tflite_export.convert.outputs import outputs_of
from tflite_export.convert.qat import train_quantized
from tflite_export.convert.quantization_settings import Method, Quantization
from tflite_export.graph.flatbuffer import read_tflite
from tflite_export.runtimes.litert import LitertModel
from tflite_export.task import CLASSIFICATION, OutputRule, Task, output_rule


@dataclass(frozen=True)
class Quantized:
    """What was made.

    Attributes:
        rule: how the outputs of both files are read.
        ptq: .tflite file by post-training quantisation.
        float32: .tflite file of the same ops in float32, to compare with.
        qat: .tflite file by quantisation-aware training, if that was needed or asked for.
        ptq_estimated_loss: of accuracy in points, by the estimate of this module; None: not needed.
        qat_seconds: of the training; None without.
    """

    rule: OutputRule
    ptq: bytes
    float32: bytes
    qat: bytes | None
    ptq_estimated_loss: float | None
    qat_seconds: float | None


def quantize_model(
    model: Any,
    representative: np.ndarray,
    training: np.ndarray,
    quantization: Quantization,
    *,
    task: Task = Task.AUTO,
    labels: np.ndarray | None = None,
) -> Quantized:
    """Makes the int8 files that are asked for; that by post-training quantisation always.

    Args:
        model: Keras 3 or `tf_keras` model of one input and one output.
        representative: float32 (n, *shape of the input) to take ranges from.
        training: float32 (batch, *shape of the input) to train on, and to estimate losses on.
        quantization: how.
        task: what the model is for.
        labels: that the model will be tested with, if any: they may tell what AUTO cannot.

    Raises:
        ExportError: if the model cannot be converted or trained, or no loss can be estimated.
    """
    (ptq, float32), loss = convert_both(model, representative), None
    rule = output_rule(task, read_tflite(ptq), labels)
    if quantization.method == Method.AUTO:
        litert = LitertModel(ptq)
        int8 = litert.run(litert.quantize(training)).values
        loss = estimated_loss(outputs_of(model, training), int8, rule)
    wanted = quantization.method == Method.QAT or (loss or 0.0) > quantization.tolerance
    if not wanted:
        return Quantized(rule, ptq, float32, None, loss, None)
    started = time.perf_counter()
    trained = train_quantized(model, representative, training, quantization.qat)
    qat, seconds = convert_trained(trained), time.perf_counter() - started
    return Quantized(rule, ptq, float32, qat, loss, seconds)


def estimated_loss(
    outputs: np.ndarray,
    int8_outputs: np.ndarray,
    rule: OutputRule = CLASSIFICATION,
) -> float:
    """Returns the estimated loss of accuracy in percentage points; 0 if all answers are equal.

    Args:
        outputs: (batch, ..., columns), of the float model.
        int8_outputs: likewise, of the int8 model.
        rule: how these are read.

    Raises:
        ExportError: if they stand for numbers, not for answers.
    """
    if not rule.has_answers:
        raise ExportError(
            "quantization='auto' compares answers, and a regression gives none: choose 'ptq' or "
            "'qat'"
        )
    probabilities = rule.probabilities(outputs)
    answer = rule.answers(int8_outputs)[..., np.newaxis]
    chosen = np.take_along_axis(probabilities, answer, axis=-1)[..., 0]
    return 100.0 * float((probabilities.max(axis=-1) - chosen).mean())
