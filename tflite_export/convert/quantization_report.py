"""What the two ways of quantisation make of one model, side by side."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from tflite_export.common.json_data import JsonRecord
from tflite_export.convert.layer_noise import LayerNoise
from tflite_export.convert.quantization_settings import Method, Quantization
from tflite_export.runtimes.litert import LitertModel
from tflite_export.runtimes.verify import Verification, accuracy, agreement
from tflite_export.task import CLASSIFICATION, OutputRule

if TYPE_CHECKING:
    from tflite_export.convert.quantize_model import Quantized


@dataclass(frozen=True)
class Answers:
    """How one int8 model does on the inputs it is verified with.

    Attributes:
        accuracy: share of 1; None without labels.
        agreement: share of answers equal to the float model's; None for a regression.
        mean_output_error: mean |int8 output - float output|, in the output's unit.
    """

    accuracy: float | None
    agreement: float | None
    mean_output_error: float


@dataclass(frozen=True)
class QuantizationReport(JsonRecord):
    """How the exported model was quantised, and what the other way gives.

    Attributes:
        method: that was asked for.
        used: ptq or qat.
        tolerance: in percentage points; what `auto` compares with `ptq_estimated_loss`.
        ptq_estimated_loss: of accuracy in points, see `quantize_model`; None where not needed.
        float_accuracy: share of 1; None without labels.
        ptq: by post-training quantisation: in LiteRT, or if it was verified in the runtime of the
            verification.
        qat: by quantisation-aware training, in LiteRT; None, like what follows, without.
        qat_steps: optimizer steps.
        qat_seconds: training and conversion; does not count when two records are compared.
        layers: what int8 does to each layer, by post-training quantisation; empty if the converter
            made other ops of the float model.
    """

    method: Method
    used: Method
    tolerance: float
    ptq_estimated_loss: float | None
    float_accuracy: float | None
    ptq: Answers
    qat: Answers | None
    qat_steps: int | None
    qat_seconds: float | None = field(compare=False)
    layers: tuple[LayerNoise, ...] = ()


def report_quantization(
    asked: Quantization,
    made: "Quantized",
    verification: Verification,
    inputs: np.ndarray,
    labels: np.ndarray | None,
    float_outputs: np.ndarray,
    layers: tuple[LayerNoise, ...] = (),
) -> QuantizationReport:
    """Runs the file that was not verified, too, if there are two.

    Args:
        asked: what was asked for.
        made: what came of it.
        verification: of the exported model.
        inputs: float32 (batch, *shape of the input), those of the verification.
        labels: of these, see `OutputRule.answers`; or None.
        float_outputs: (batch, ..., columns), the float model's.
        layers: of `made.ptq`, by `measure_layers`.
    """
    trained = made.qat is not None
    ptq = Answers(
        verification.int8_accuracy, verification.int8_agreement, verification.mean_output_error
    )
    if trained:
        ptq = answers(made.ptq, inputs, labels, float_outputs, made.rule)
    return QuantizationReport(
        method=asked.method,
        used=Method.QAT if trained else Method.PTQ,
        tolerance=asked.tolerance,
        ptq_estimated_loss=made.ptq_estimated_loss,
        float_accuracy=verification.float_accuracy,
        ptq=ptq,
        qat=answers(made.qat, inputs, labels, float_outputs, made.rule) if made.qat else None,
        qat_steps=asked.qat.steps if trained else None,
        qat_seconds=made.qat_seconds,
        layers=layers,
    )


def answers(
    tflite: bytes,
    inputs: np.ndarray,
    labels: np.ndarray | None,
    float_outputs: np.ndarray,
    rule: OutputRule = CLASSIFICATION,
) -> Answers:
    """Runs an int8 model in LiteRT and compares it with the labels and the float model.

    Args:
        tflite: the whole file.
        inputs: float32 (batch, *shape of the input), normalised.
        labels: of these, see `OutputRule.answers`; or None.
        float_outputs: (batch, ..., columns), the float model's.
        rule: how outputs are read.
    """
    litert = LitertModel(tflite)
    values = litert.run(litert.quantize(inputs)).values
    return Answers(
        accuracy(rule, values, labels),
        agreement(rule, values, float_outputs),
        float(np.abs(values - float_outputs).mean()),
    )
