"""Raw arrays beside an `input_spec`: what a model computes with, and whether labels contradict it.

Integers are raw values, floats are normalised already.
"""

import dataclasses
from typing import Any

import numpy as np

from tflite_export.common.errors import ExportError
from tflite_export.convert.check_model import check_inputs
from tflite_export.exporting.export_settings import CalibrationData, VerificationData
from tflite_export.exporting.normalisation_check import BetterNormalisation, better_normalisation
from tflite_export.input_spec import InputSpec
from tflite_export.preprocess import normalise, prepare
from tflite_export.runtimes.verify import Verification
from tflite_export.task import OutputRule


def calibration_tensors(data: CalibrationData, spec: InputSpec | None) -> CalibrationData:
    """Returns the data with raw arrays prepared and normalised by `spec`, where there is one."""
    training = None if data.training is None else _tensors(data.training, spec)
    return dataclasses.replace(data, inputs=_tensors(data.inputs, spec), training=training)


def verification_tensors(data: VerificationData, spec: InputSpec | None) -> VerificationData:
    """Returns the data with raw arrays prepared and normalised by `spec`, where there is one."""
    known = None if data.known is None else _tensors(data.known, spec)
    return dataclasses.replace(data, inputs=_tensors(data.inputs, spec), known=known)


def check_tensors(inputs: np.ndarray, shape: tuple[int, ...], what: str) -> None:
    """Raises ExportError unless `inputs` is finite float32 (n > 0, *shape); `what` names them."""
    if inputs.dtype.kind in "ui" and inputs.shape[1:] == shape:
        raise ExportError(
            f"the {what} are {inputs.dtype}: give settings an input_spec, by which raw values are "
            "normalised, or give normalised float32"
        )
    check_inputs(inputs, shape, what)


def doubted_normalisation(
    model: Any, given: VerificationData, spec: InputSpec | None, verified: Verification
) -> BetterNormalisation | None:
    """Returns a normalisation that labelled raw images speak for, if they do clearly.

    Args:
        model: Keras 3 or `tf_keras` model.
        given: as it came from the caller.
        spec: with the normalisation given.
        verified: the export.
    """
    raw = np.asarray(given.inputs)
    if given.labels is None or spec is None or not spec.is_image or raw.dtype.kind not in "ui":
        return None
    rule = OutputRule(verified.task, verified.threshold)
    if not rule.has_answers:
        return None
    return better_normalisation(model, _prepared(raw, spec), given.labels, spec, rule)


def _tensors(values: np.ndarray, spec: InputSpec | None) -> np.ndarray:
    values = np.asarray(values)
    if spec is None or values.dtype.kind not in "ui":
        return values
    prepared = _prepared(values, spec)
    # Of another shape they are left as they are, to be refused by it.
    fits = prepared.shape[1:] == spec.shape
    return normalise(prepared, spec.mean, spec.std) if fits else values


def _prepared(raw: np.ndarray, spec: InputSpec) -> np.ndarray:
    if not spec.colour or not len(raw):
        return raw
    return np.stack([prepare(image, spec) for image in raw])
