"""Proves an int8 model: in LiteRT, in TFLite Micro, and against the float model it comes from."""

from dataclasses import dataclass, field

import numpy as np

from tflite_export.common.errors import ExportError
from tflite_export.convert.quantization import dequantize
from tflite_export.graph.flatbuffer import read_tflite
from tflite_export.graph.ops import check_integer, check_tflm_ops
from tflite_export.runtimes.litert import LitertModel
from tflite_export.runtimes.tflm import TflmRuntime
from tflite_export.runtimes.tflm_pool import TflmPool

# TFLite Micro takes about 1 ms per MMAC and image on a PC, LiteRT a fiftieth of that.
TFLM_IMAGES = 400
REFERENCE_IMAGES = 32

# TFLite Micro and LiteRT's reference kernels round alike: 0 LSB on convolutional nets. LiteRT's
# optimised kernels differ by below 1 LSB in the mean on trained nets, by up to 10 on nets with
# random weights. A wrong kernel differs by tens from both.
RUNTIME_TOLERANCE_LSB = 8.0


@dataclass(frozen=True)
class Verification:
    """How an int8 model compares with its float model, and one runtime with the other.

    Accuracies are shares of 1, and None where there are no labels. "Agreement" is the share of
    images with equal top-1 class.

    Attributes:
        images: all images; LiteRT and the float model see these.
        tflm_images: how many of them TFLite Micro saw, evenly spaced.
        float_accuracy: of the float model, over all images.
        litert_accuracy: of the int8 model in LiteRT, over all images.
        tflm_accuracy: of the int8 model in TFLite Micro, over `tflm_images`.
        int8_runtime: whose outputs `int8_*` and `*_output_error` are of: "tflm", the runtime of
            the board, if it saw all images, else "litert".
        int8_accuracy: over all images.
        int8_agreement: of the int8 with the float model, over all images.
        max_output_error: largest |int8 logit - float logit|, in the unit of the logits.
        mean_output_error: mean of the same.
        litert_tflm_agreement: of the two runtimes, over `tflm_images`.
        litert_tflm_max_lsb: largest difference of their int8 outputs.
        litert_tflm_mean_lsb: mean absolute difference of their int8 outputs.
        reference_tflm_max_lsb: the same with LiteRT's reference kernels, over at most
            `REFERENCE_IMAGES`; None where an op has no such kernel.
        litert_ms: mean milliseconds an image in LiteRT on this machine, one thread; the one figure
            that differs from run to run, and so does not count when two records are compared.
        arena_bytes: TFLite Micro's arena on this machine, persistent and non-persistent part.
    """

    images: int
    tflm_images: int
    float_accuracy: float | None
    litert_accuracy: float | None
    tflm_accuracy: float | None
    int8_runtime: str
    int8_accuracy: float | None
    int8_agreement: float
    max_output_error: float
    mean_output_error: float
    litert_tflm_agreement: float
    litert_tflm_max_lsb: int
    litert_tflm_mean_lsb: float
    reference_tflm_max_lsb: int | None
    litert_ms: float = field(compare=False)
    arena_bytes: int
    persistent_bytes: int
    nonpersistent_bytes: int


def verify(
    tflite: bytes,
    images: np.ndarray,
    labels: np.ndarray | None,
    float_logits: np.ndarray,
    tflm: TflmRuntime | TflmPool,
    *,
    tflm_images: int = TFLM_IMAGES,
    tolerance_lsb: float = RUNTIME_TOLERANCE_LSB,
) -> Verification:
    """Runs an int8 model in both runtimes and compares.

    Args:
        tflite: the whole file.
        images: float32 (batch, height, width, channels), normalised as the float model wants it.
        labels: class indices (batch,), or None.
        float_logits: (batch, classes), the float model's outputs for the images.
        tflm: a running TFLite Micro.
        tflm_images: at most so many images go through TFLite Micro.
        tolerance_lsb: largest mean difference of TFLite Micro's int8 outputs from the nearer of
            LiteRT's two sets of kernels.

    Raises:
        ExportError: if the model is not fit for a board: damaged, not all integer, with an op that
            TFLite Micro lacks, refused by a runtime, or computed differently by the two.
    """
    file = read_tflite(tflite)
    check_integer(file)
    check_tflm_ops(file)
    litert = LitertModel(tflite)
    inputs = litert.quantize(images)
    by_litert = litert.run(inputs)
    seen = np.unique(np.linspace(0, len(images) - 1, min(tflm_images, len(images))).astype(int))
    by_tflm = tflm.run(tflite, inputs[seen])

    lsb = np.abs(by_tflm.outputs.astype(int) - by_litert.outputs[seen])
    reference_lsb = _reference_difference(tflite, inputs[seen], by_tflm.outputs)
    nearest = lsb.mean() if reference_lsb is None else min(lsb.mean(), reference_lsb.mean())
    if nearest > tolerance_lsb:
        raise ExportError(
            f"LiteRT and TFLite Micro disagree: their outputs differ by {nearest:.1f} LSB in the "
            f"mean with the nearer of LiteRT's kernels, where {tolerance_lsb:g} is allowed"
        )
    saw_all = len(seen) == len(images)
    output = file.outputs[0]
    int8_logits = (
        dequantize(by_tflm.outputs, output.scales[0], output.zero_points[0])
        if saw_all
        else by_litert.logits
    )
    error = np.abs(int8_logits - float_logits)
    return Verification(
        images=len(images),
        tflm_images=len(seen),
        float_accuracy=_accuracy(float_logits, labels),
        litert_accuracy=_accuracy(by_litert.outputs, labels),
        tflm_accuracy=_accuracy(by_tflm.outputs, None if labels is None else labels[seen]),
        int8_runtime="tflm" if saw_all else "litert",
        int8_accuracy=_accuracy(int8_logits, labels),
        int8_agreement=_agreement(int8_logits, float_logits),
        max_output_error=float(error.max()),
        mean_output_error=float(error.mean()),
        litert_tflm_agreement=_agreement(by_tflm.outputs, by_litert.outputs[seen]),
        litert_tflm_max_lsb=int(lsb.max()),
        litert_tflm_mean_lsb=float(lsb.mean()),
        reference_tflm_max_lsb=None if reference_lsb is None else int(reference_lsb.max()),
        litert_ms=1000 * by_litert.seconds / len(images),
        arena_bytes=by_tflm.arena_bytes,
        persistent_bytes=by_tflm.persistent_bytes,
        nonpersistent_bytes=by_tflm.nonpersistent_bytes,
    )


def _reference_difference(
    tflite: bytes, inputs: np.ndarray, outputs: np.ndarray
) -> np.ndarray | None:
    """Returns |reference kernels - output| in LSB for the first images, None without kernels."""
    try:
        reference = LitertModel(tflite, reference=True).run(inputs[:REFERENCE_IMAGES])
    except ExportError:
        return None
    return np.abs(reference.outputs.astype(int) - outputs[:REFERENCE_IMAGES])


def _accuracy(logits: np.ndarray, labels: np.ndarray | None) -> float | None:
    return None if labels is None else float(np.mean(logits.argmax(axis=1) == labels))


def _agreement(logits: np.ndarray, others: np.ndarray) -> float:
    return float(np.mean(logits.argmax(axis=1) == others.argmax(axis=1)))
