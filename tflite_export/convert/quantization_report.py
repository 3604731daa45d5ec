"""What the two ways of quantisation make of one model, side by side."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tflite_export.convert.quantize_model import Method, Quantization, Quantized
from tflite_export.runtimes.litert import LitertModel
from tflite_export.runtimes.verify import Verification


@dataclass(frozen=True)
class Answers:
    """How one int8 model does on the images it is verified with.

    Attributes:
        accuracy: share of 1; None without labels.
        agreement: share of images with the top-1 class of the float model.
    """

    accuracy: float | None
    agreement: float


@dataclass(frozen=True)
class QuantizationReport:
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

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> "QuantizationReport":
        """Reads what `dataclasses.asdict` made of one."""
        ptq, qat = fields["ptq"], fields["qat"]
        return cls(**fields | {"ptq": Answers(**ptq), "qat": Answers(**qat) if qat else None})


def report_quantization(
    asked: Quantization,
    made: Quantized,
    verification: Verification,
    images: np.ndarray,
    labels: np.ndarray | None,
    logits: np.ndarray,
) -> QuantizationReport:
    """Runs the file that was not verified, too, if there are two.

    Args:
        verification: of the exported model.
        images: float32 (batch, height, width, channels), those of the verification.
        labels: class indices (batch,), or None.
        logits: (batch, classes), the float model's.
    """
    trained = made.qat is not None
    ptq = Answers(verification.int8_accuracy, verification.int8_agreement)
    if trained:
        ptq = answers(made.ptq, images, labels, logits)
    return QuantizationReport(
        method=asked.method,
        used=Method.QAT if trained else Method.PTQ,
        tolerance=asked.tolerance,
        ptq_estimated_loss=made.ptq_estimated_loss,
        float_accuracy=verification.float_accuracy,
        ptq=ptq,
        qat=answers(made.qat, images, labels, logits) if trained else None,
        qat_steps=asked.qat.steps if trained else None,
        qat_seconds=made.qat_seconds,
    )


def answers(
    tflite: bytes, images: np.ndarray, labels: np.ndarray | None, logits: np.ndarray
) -> Answers:
    """Runs an int8 model in LiteRT and compares it with the labels and the float model.

    Args:
        tflite: the whole file.
        images: float32 (batch, height, width, channels), normalised.
        labels: class indices (batch,), or None.
        logits: (batch, classes), the float model's.
    """
    litert = LitertModel(tflite)
    classes = litert.run(litert.quantize(images)).outputs.argmax(axis=1)
    accuracy = None if labels is None else float(np.mean(classes == labels))
    return Answers(accuracy, float(np.mean(classes == logits.argmax(axis=1))))
