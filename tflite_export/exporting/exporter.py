"""The whole way of one model: Keras in, verified int8 files for TFLite Micro out."""

import contextlib
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tflite_export.common.console import warn
from tflite_export.common.errors import ExportError
from tflite_export.common.folders import check_free
from tflite_export.common.json_data import to_json
from tflite_export.common.versions import OF_MODELS, TFMOT, versions_of
from tflite_export.convert.check_model import input_shape
from tflite_export.convert.layer_noise import measure_layers
from tflite_export.convert.outputs import outputs_of
from tflite_export.convert.quantization_report import report_quantization
from tflite_export.convert.quantize_model import quantize_model
from tflite_export.devices.memory import memory_of
from tflite_export.exporting.export_folder import EXPORT, AddFiles, finish_export
from tflite_export.exporting.export_report import FORMAT, ExportReport
from tflite_export.exporting.export_settings import (
    CalibrationData,
    ExportSettings,
    VerificationData,
)
from tflite_export.exporting.export_summary import normalisation_doubt
from tflite_export.exporting.raw_arrays import (
    calibration_tensors,
    check_tensors,
    doubted_normalisation,
    verification_tensors,
)
from tflite_export.graph.flatbuffer import read_tflite
from tflite_export.graph.ops import check_tflm_ops
from tflite_export.pack.repack import Level, Packing, check_same_outputs, repack
from tflite_export.rejection import Rejection, fit_rejection
from tflite_export.runtimes.litert import LitertModel
from tflite_export.runtimes.tflm import TflmRuntime
from tflite_export.runtimes.tflm_pool import TflmPool
from tflite_export.runtimes.verify import verify
from tflite_export.task import OutputRule, Task

_DEFAULT = ExportSettings()
# Inputs on which a repacked model has to give the original's outputs, bit by bit.
_COMPARED_INPUTS = 16


def export_model(
    model: Any,
    calibration: CalibrationData,
    output_dir: Path | str,
    *,
    verification: VerificationData | None = None,
    settings: ExportSettings = _DEFAULT,
    tflm: TflmRuntime | TflmPool | None = None,
    add_files: AddFiles | None = None,
    overwrite: bool = False,
) -> ExportReport:
    """Converts a model to int8, verifies it and writes it with its C++ source and its report.

    Where labelled images are given raw and say clearly that the model was trained on another
    normalisation than that of `settings.input_spec`, a warning names it.

    Args:
        model: Keras 3 or tf_keras model of one float32 input and one output.
        calibration: what the ranges of activations are taken from.
        output_dir: folder to write; it appears complete or not at all.
        verification: what to verify with; None: the inputs of `calibration`, without labels.
        settings: how.
        tflm: a running TFLite Micro, for many models; None: one is started.
        add_files: writes further files into the folder before it appears, such as firmware; called
            with the folder, which holds all else, and the report.
        overwrite: replace an earlier export.

    Raises:
        ExportError: if the model cannot be converted or fails verification, or the folder is taken;
            then nothing is written.
    """
    output_dir = Path(output_dir)
    check_free(output_dir, overwrite=overwrite, kind=EXPORT)
    given, spec = verification or VerificationData(calibration.inputs), settings.input_spec
    shape = input_shape(model)
    _check_spec(settings, shape)
    calibration = calibration_tensors(calibration, spec)
    verification = verification_tensors(given, spec)
    training = calibration.inputs if calibration.training is None else calibration.training
    check_tensors(verification.inputs, shape, "inputs to verify with")
    check_tensors(training, shape, "training inputs")
    if verification.known is not None:
        check_tensors(verification.known, shape, "known inputs")
    with contextlib.ExitStack() as stack:
        runtime = tflm or stack.enter_context(TflmPool())
        made = quantize_model(
            model,
            calibration.inputs,
            training,
            settings.quantization,
            task=settings.task,
            labels=verification.labels,
        )
        outputs = outputs_of(model, verification.inputs)
        repacked = _repack(
            made.qat or made.ptq, settings.repack_level, verification.inputs, runtime
        )
        verified = verify(
            repacked.portable,
            verification.inputs,
            verification.labels,
            outputs,
            runtime,
            rule=made.rule,
            tflm_examples=settings.tflm_examples,
        )
    file = read_tflite(repacked.tflite)
    source, target = file.inputs[0], file.outputs[0]
    report = ExportReport(
        format=FORMAT,
        sha256=hashlib.sha256(repacked.tflite).hexdigest(),
        tflite_bytes=len(repacked.tflite),
        macs=file.macs,
        ops=file.op_counts,
        input_shape=source.shape,
        input_scale=source.scales[0],
        input_zero_point=source.zero_points[0],
        output_shape=target.shape,
        output_scale=target.scales[0],
        output_zero_point=target.zero_points[0],
        input_spec=spec,
        class_names=settings.class_names,
        memory=memory_of(file, verified.arena_bytes),
        packing=repacked.packing,
        quantization=report_quantization(
            settings.quantization,
            made,
            verified,
            verification.inputs,
            verification.labels,
            outputs,
            measure_layers(model, made.ptq, made.float32, verification.inputs),
        ),
        verification=verified,
        boards=(),
        npus=(),
        versions=_versions(trained=made.qat is not None),
        recipe=to_json(settings.recipe),
        rejection=_rejection(repacked.portable, verification.known, made.rule, target.scales[0]),
    )
    report = finish_export(
        report,
        repacked.tflite,
        output_dir,
        boards=settings.boards,
        npus=settings.npus,
        add_files=add_files,
        overwrite=overwrite,
    )
    if better := doubted_normalisation(model, given, spec, verified):
        warn(normalisation_doubt(better))
    return report


@dataclass(frozen=True)
class _Repacked:
    """A smaller file.

    Attributes:
        tflite: the one to write.
        packing: what was done to it.
        portable: the one that LiteRT can verify.
    """

    tflite: bytes
    packing: Packing
    portable: bytes


def _repack(
    converted: bytes, level: Level, inputs: np.ndarray, tflm: TflmRuntime | TflmPool
) -> _Repacked:
    check_tflm_ops(read_tflite(converted))  # While tensors still have names to complain about.
    if level is Level.NONE:
        return _Repacked(*repack(converted, level), converted)
    some = LitertModel(converted).quantize(inputs[:: -(-len(inputs) // _COMPARED_INPUTS)])
    portable, packing = repack(converted, Level.LOSSLESS)
    check_same_outputs(converted, portable, packing, some, tflm)
    if level is Level.LOSSLESS:
        return _Repacked(portable, packing, portable)
    smallest, packing = repack(converted, level)
    check_same_outputs(converted, smallest, packing, some, tflm)
    return _Repacked(smallest, packing, portable)


def _rejection(
    tflite: bytes, known: np.ndarray | None, rule: OutputRule, step: float
) -> Rejection | None:
    if known is None or rule.task is not Task.CLASSIFICATION:
        return None
    litert = LitertModel(tflite)
    values = litert.run(litert.quantize(known)).values
    return fit_rejection(values, rule, step) if values.ndim == 2 else None


def _check_spec(settings: ExportSettings, shape: tuple[int, ...]) -> None:
    spec = settings.input_spec
    if spec and spec.shape != shape:
        raise ExportError(f"input_spec is of inputs {spec.shape}; the model's are {shape}")


def _versions(*, trained: bool) -> dict[str, str]:
    return versions_of((*OF_MODELS, TFMOT) if trained else OF_MODELS)
