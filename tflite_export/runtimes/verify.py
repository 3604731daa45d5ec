"""Proves an int8 model: in LiteRT, in TFLite Micro, and against the float model it comes from."""

import math
from dataclasses import dataclass, field

import numpy as np

from tflite_export.common.errors import ExportError
from tflite_export.common.json_data import JsonRecord
from tflite_export.convert.quantization import dequantize
from tflite_export.graph.flatbuffer import read_tflite
from tflite_export.graph.ops import check_integer, check_tflm_ops
from tflite_export.runtimes.litert import LitertModel
from tflite_export.runtimes.tflm import TflmRuntime
from tflite_export.runtimes.tflm_pool import TflmPool
from tflite_export.task import OutputRule, Task, output_rule

# TFLite Micro takes about 1 ms per MMAC and example on a PC, LiteRT a fiftieth of that.
TFLM_EXAMPLES = 400
REFERENCE_EXAMPLES = 32

# TFLite Micro and LiteRT's reference kernels round alike: 0 LSB on convolutional nets. LiteRT's
# optimised kernels differ by below 1 LSB in the mean on trained nets, by up to 10 on nets with
# random weights. A wrong kernel differs by tens from both.
RUNTIME_TOLERANCE_LSB = 8.0


@dataclass(frozen=True)
class Verification(JsonRecord):
    """How an int8 model compares with its float model, and one runtime with the other.

    Accuracies are shares of 1, and None where there are no labels. "Agreement" is the share of
    equal answers (see `task.py`), None where a model gives none. Errors are of every output column
    of every example.

    Attributes:
        task: what the outputs mean.
        threshold: above which a decision is yes; None unless binary.
        examples: all inputs; LiteRT and the float model see these.
        tflm_examples: how many of them TFLite Micro saw, evenly spaced.
        float_accuracy: of the float model, over all examples.
        litert_accuracy: of the int8 model in LiteRT, over all examples.
        tflm_accuracy: of the int8 model in TFLite Micro, over `tflm_examples`.
        int8_runtime: whose outputs `int8_*` and `*_output_error` are of: "tflm", the runtime of
            the board, if it saw all examples, else "litert".
        int8_accuracy: over all examples.
        int8_agreement: of the int8 with the float model, over all examples.
        max_output_error: largest |int8 output - float output|, in the output's unit.
        mean_output_error: mean of the same.
        max_output_error_lsb: the largest in steps of the int8 output.
        mean_output_error_lsb: mean of the same.
        litert_tflm_agreement: of the two runtimes, over `tflm_examples`.
        litert_tflm_max_lsb: largest difference of their int8 outputs.
        litert_tflm_mean_lsb: mean absolute difference of their int8 outputs.
        reference_tflm_max_lsb: the same with LiteRT's reference kernels, over at most
            `REFERENCE_EXAMPLES`; None where an op has no such kernel.
        pc_ms: mean milliseconds an example in LiteRT on this machine, one thread; the one figure
            that differs from run to run, and so does not count when two records are compared.
        arena_bytes: TFLite Micro's arena on this machine, persistent and non-persistent part.
    """

    task: Task
    threshold: float | None
    examples: int
    tflm_examples: int
    float_accuracy: float | None
    litert_accuracy: float | None
    tflm_accuracy: float | None
    int8_runtime: str
    int8_accuracy: float | None
    int8_agreement: float | None
    max_output_error: float
    mean_output_error: float
    max_output_error_lsb: float
    mean_output_error_lsb: float
    litert_tflm_agreement: float | None
    litert_tflm_max_lsb: int
    litert_tflm_mean_lsb: float
    reference_tflm_max_lsb: int | None
    pc_ms: float = field(compare=False)
    arena_bytes: int
    persistent_bytes: int
    nonpersistent_bytes: int


def standard_error(accuracy: float, examples: int) -> float:
    """Returns the standard error of an accuracy over so many independent examples."""
    return math.sqrt(accuracy * (1.0 - accuracy) / examples)


def verify(
    tflite: bytes,
    inputs: np.ndarray,
    labels: np.ndarray | None,
    float_outputs: np.ndarray,
    tflm: TflmRuntime | TflmPool,
    *,
    rule: OutputRule | None = None,
    tflm_examples: int = TFLM_EXAMPLES,
    tolerance_lsb: float = RUNTIME_TOLERANCE_LSB,
) -> Verification:
    """Runs an int8 model in both runtimes and compares.

    Args:
        tflite: the whole file.
        inputs: float32 (batch, *shape of the input), normalised as the float model wants them.
        labels: integers of the shape of the answers, see `OutputRule.answers`; or None.
        float_outputs: (batch, ..., columns), the float model's outputs for the inputs.
        tflm: a running TFLite Micro.
        rule: how outputs are read; None: as the file suggests.
        tflm_examples: at most so many inputs go through TFLite Micro.
        tolerance_lsb: largest mean difference of TFLite Micro's int8 outputs from the nearer of
            LiteRT's two sets of kernels.

    Raises:
        ExportError: if the model is not fit for a board: damaged, not all integer, with an op that
            TFLite Micro lacks, refused by a runtime, or computed differently by the two; or if
            labels do not suit it.
    """
    file = read_tflite(tflite)
    check_integer(file)
    check_tflm_ops(file)
    rule = rule or output_rule(Task.AUTO, file, labels)
    if labels is not None:
        rule.check_labels(labels, float_outputs)
    litert = LitertModel(tflite)
    quantized = litert.quantize(inputs)
    by_litert = litert.run(quantized)
    seen = np.unique(np.linspace(0, len(inputs) - 1, min(tflm_examples, len(inputs))).astype(int))
    by_tflm = tflm.run(tflite, quantized[seen])

    lsb = np.abs(by_tflm.outputs.astype(int) - by_litert.outputs[seen])
    reference_lsb = _reference_difference(tflite, quantized[seen], by_tflm.outputs)
    nearest = lsb.mean() if reference_lsb is None else min(lsb.mean(), reference_lsb.mean())
    if nearest > tolerance_lsb:
        raise ExportError(
            f"LiteRT and TFLite Micro disagree: their outputs differ by {nearest:.1f} LSB in the "
            f"mean with the nearer of LiteRT's kernels, where {tolerance_lsb:g} is allowed"
        )
    saw_all = len(seen) == len(inputs)
    scale, zero_point = file.outputs[0].scales[0], file.outputs[0].zero_points[0]
    tflm_values = dequantize(by_tflm.outputs, scale, zero_point)
    int8_values = tflm_values if saw_all else by_litert.values
    error = np.abs(int8_values - float_outputs)
    return Verification(
        task=rule.task,
        threshold=rule.threshold,
        examples=len(inputs),
        tflm_examples=len(seen),
        float_accuracy=accuracy(rule, float_outputs, labels),
        litert_accuracy=accuracy(rule, by_litert.values, labels),
        tflm_accuracy=accuracy(rule, tflm_values, None if labels is None else labels[seen]),
        int8_runtime="tflm" if saw_all else "litert",
        int8_accuracy=accuracy(rule, int8_values, labels),
        int8_agreement=agreement(rule, int8_values, float_outputs),
        max_output_error=float(error.max()),
        mean_output_error=float(error.mean()),
        max_output_error_lsb=float(error.max() / scale),
        mean_output_error_lsb=float(error.mean() / scale),
        litert_tflm_agreement=agreement(rule, tflm_values, by_litert.values[seen]),
        litert_tflm_max_lsb=int(lsb.max()),
        litert_tflm_mean_lsb=float(lsb.mean()),
        reference_tflm_max_lsb=None if reference_lsb is None else int(reference_lsb.max()),
        pc_ms=1000 * by_litert.seconds / len(inputs),
        arena_bytes=by_tflm.arena_bytes,
        persistent_bytes=by_tflm.persistent_bytes,
        nonpersistent_bytes=by_tflm.nonpersistent_bytes,
    )


def accuracy(rule: OutputRule, outputs: np.ndarray, labels: np.ndarray | None) -> float | None:
    """Returns the share of right answers; None without labels."""
    return None if labels is None else float(np.mean(rule.answers(outputs) == labels))


def agreement(rule: OutputRule, outputs: np.ndarray, others: np.ndarray) -> float | None:
    """Returns the share of equal answers; None where outputs stand for none."""
    if not rule.has_answers:
        return None
    return float(np.mean(rule.answers(outputs) == rule.answers(others)))


def _reference_difference(
    tflite: bytes, inputs: np.ndarray, outputs: np.ndarray
) -> np.ndarray | None:
    """Returns |reference kernels - output| in LSB for the first inputs, None without kernels."""
    try:
        reference = LitertModel(tflite, reference=True).run(inputs[:REFERENCE_EXAMPLES])
    except ExportError:
        return None
    return np.abs(reference.outputs.astype(int) - outputs[:REFERENCE_EXAMPLES])
