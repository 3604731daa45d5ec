"""One export from files: a saved model, what it is calibrated with, what it is tested with."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tflite_export.common.errors import ExportError
from tflite_export.common.folders import check_free
from tflite_export.common.raw_inputs import read_inputs, read_labelled
from tflite_export.convert.check_model import input_shape
from tflite_export.convert.keras_file import load_model
from tflite_export.convert.quantization import quantize
from tflite_export.convert.quantize_model import Quantization
from tflite_export.devices.boards import Board
from tflite_export.export_folder import EXPORT, FIRMWARE_FOLDER, MODEL_FILE
from tflite_export.export_report import ExportReport
from tflite_export.export_settings import CalibrationData, ExportSettings, VerificationData
from tflite_export.exporter import export_model
from tflite_export.firmware.generate import TEST_VECTORS, check_platforms, write_firmware
from tflite_export.input_spec import InputSpec, default_spec
from tflite_export.normalisation_check import BetterNormalisation, better_normalisation
from tflite_export.pack.repack import Level
from tflite_export.preprocess import normalise
from tflite_export.runtimes.tflm import TflmRuntime
from tflite_export.task import OutputRule, Task

# Layers that normalise by themselves, where they come first.
_NORMALISING = ("Rescaling", "Normalization")
_FIRST_LAYERS = 3


@dataclass(frozen=True)
class ExportJob:
    """What is exported, from which files, and where to.

    Attributes:
        model: .keras or .h5 file.
        representative: folder of images, or .npy / .npz file, see `read_inputs`.
        output: folder to write.
        test: folder of labelled images, or .npz file, see `read_labelled`; None: nothing to
            measure accuracy with.
        inputs: how many of the representative inputs to use.
        class_names: in the order of the model's outputs; empty: the sorted names of `test`.
        mean: see `InputSpec`; like `std` None: (p - 128) / 128 for pixels, unless the model begins
            with a layer that normalises; everything else is taken as it is.
        std: see `InputSpec`.
        colour: see `InputSpec`; empty: "rgb", or "grey" for a model of one channel.
        crop: see `InputSpec`.
        task: what the outputs mean.
        quantization: how the model becomes int8.
        repack_level: how the file is made smaller.
        boards: to report on.
        npus: to compile for.
        firmware: platforms to write projects for.
        overwrite: replace an earlier export.
    """

    model: Path
    representative: Path
    output: Path
    test: Path | None = None
    inputs: int = 100
    class_names: tuple[str, ...] = ()
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None
    colour: str = ""
    crop: str = "centre"
    task: Task = Task.AUTO
    quantization: Quantization = Quantization()
    repack_level: Level = Level.LOSSLESS
    boards: tuple[Board, ...] = ()
    npus: tuple[str, ...] = ()
    firmware: tuple[str, ...] = ()
    overwrite: bool = False


@dataclass(frozen=True)
class ExportResult:
    """What came of an `ExportJob`.

    Attributes:
        report: of the export.
        better: a normalisation that the labelled images speak for, if they do clearly.
    """

    report: ExportReport
    better: BetterNormalisation | None


@dataclass(frozen=True, eq=False)
class _Labelled:
    """Raw inputs with labels, and the names of the classes."""

    inputs: np.ndarray
    labels: np.ndarray
    class_names: tuple[str, ...]


def run_export(job: ExportJob) -> ExportResult:
    """Reads, exports, verifies and writes.

    Raises:
        ExportError: if anything is missing, damaged, or does not suit the rest; nothing is written.
    """
    if (job.mean is None) != (job.std is None):
        raise ExportError("mean and std go together: give both or neither")
    check_platforms(job.firmware)
    check_free(job.output, overwrite=job.overwrite, kind=EXPORT)
    model = load_model(job.model)
    spec = _spec(job, model)
    representative = read_inputs(job.representative, spec, job.inputs)
    test = _read_test(job, spec, model) if job.test else None
    given = [representative, *([test.inputs] if test else [])]
    if job.mean is None and all(values.dtype.kind == "f" for values in given):
        # Normalised already; image files beside arrays would still have to be.
        spec = dataclasses.replace(spec, mean=(0.0,), std=(1.0,))
    inputs = _normalised(representative, spec, job)
    with TflmRuntime() as tflm:
        report = export_model(
            model,
            CalibrationData(inputs),
            job.output,
            verification=(
                VerificationData(_normalised(test.inputs, spec, job), test.labels) if test else None
            ),
            settings=ExportSettings(
                task=job.task,
                quantization=job.quantization,
                repack_level=job.repack_level,
                boards=job.boards,
                npus=job.npus,
                input_spec=spec,
                class_names=test.class_names if test else job.class_names,
                recipe=_recipe(job, len(inputs)),
            ),
            tflm=tflm,
            overwrite=job.overwrite,
        )
        _write_firmware(job, report, inputs, tflm)
    return ExportResult(report, _check_normalisation(model, test, spec, report))


def _spec(job: ExportJob, model: Any) -> InputSpec:
    spec = default_spec(input_shape(model))
    if spec.is_image:
        spec = dataclasses.replace(spec, colour=job.colour or spec.colour, crop=job.crop)
    elif job.colour:
        raise ExportError(f"colour={job.colour!r}: the model's input {spec.shape} is no image")
    if job.mean is not None and job.std is not None:
        return dataclasses.replace(spec, mean=job.mean, std=job.std)
    if any(type(layer).__name__ in _NORMALISING for layer in model.layers[:_FIRST_LAYERS]):
        return dataclasses.replace(spec, mean=(0.0,), std=(1.0,))
    return spec


def _read_test(job: ExportJob, spec: InputSpec, model: Any) -> _Labelled:
    assert job.test is not None
    test = _Labelled(*read_labelled(job.test, spec, job.class_names))
    columns = model.outputs[0].shape[-1]
    classes = max(columns, 2)
    if test.class_names and len(test.class_names) != classes:
        raise ExportError(
            f"{'class_names' if job.class_names else job.test} has {len(test.class_names)} classes "
            f"({', '.join(test.class_names)}), the model tells {classes}: give class_names, one "
            "for each output, in the model's order"
        )
    return test


def _normalised(values: np.ndarray, spec: InputSpec, job: ExportJob) -> np.ndarray:
    """Floats are taken for normalised already, unless it is said how they are to be."""
    if job.mean is None and values.dtype.kind == "f":
        return values.astype(np.float32)
    return normalise(values, spec.mean, spec.std)


def _recipe(job: ExportJob, inputs: int) -> dict[str, Any]:
    return {
        "model": job.model.name,
        "representative": job.representative.name,
        "representative_inputs": inputs,
        "test": job.test.name if job.test else None,
    }


def _write_firmware(
    job: ExportJob, report: ExportReport, inputs: np.ndarray, tflm: TflmRuntime
) -> None:
    vectors = quantize(inputs[:TEST_VECTORS], report.input_scale, report.input_zero_point)
    # The largest arena that any of the boards asked for needs.
    arena = max((board.fit.arena_used for board in report.boards), default=None)
    for platform in dict.fromkeys(job.firmware):
        folder = job.output / FIRMWARE_FOLDER / platform
        tflite = (job.output / MODEL_FILE).read_bytes()
        write_firmware(folder, platform, tflite, vectors, tflm, arena_bytes=arena)


def _check_normalisation(
    model: Any, test: _Labelled | None, spec: InputSpec, report: ExportReport
) -> BetterNormalisation | None:
    if test is None or not spec.is_image or test.inputs.dtype.kind == "f":
        return None
    verified = report.verification
    rule = OutputRule(verified.task, verified.threshold)
    return better_normalisation(model, test.inputs, test.labels, spec, rule)
