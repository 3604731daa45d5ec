"""Carries out an `ExportJob`: reads, exports, verifies, writes, and doubts the normalisation."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tflite_export.common.errors import ExportError
from tflite_export.common.folders import check_free
from tflite_export.common.raw_inputs import read_inputs, read_labelled
from tflite_export.convert.check_model import input_shape
from tflite_export.convert.keras_file import load_model
from tflite_export.devices.boards import Board, load_boards
from tflite_export.exporting.export_folder import EXPORT, FIRMWARE_FOLDER, MODEL_FILE, AddFiles
from tflite_export.exporting.export_job import ExportJob
from tflite_export.exporting.export_report import ExportReport
from tflite_export.exporting.export_settings import (
    CalibrationData,
    ExportSettings,
    VerificationData,
)
from tflite_export.exporting.exporter import export_model
from tflite_export.exporting.normalisation_check import BetterNormalisation, better_normalisation
from tflite_export.firmware.generate import is_firmware_of, write_firmware
from tflite_export.firmware.project_plan import boards_by_platform
from tflite_export.firmware.test_vectors import TEST_VECTORS
from tflite_export.input_spec import InputSpec, default_spec
from tflite_export.pack.repack import parse_level
from tflite_export.preprocess import normalise
from tflite_export.runtimes.tflm import TflmRuntime
from tflite_export.runtimes.vela import wanted_npus
from tflite_export.task import OutputRule, parse_task

# Layers that normalise by themselves, where they come first.
_NORMALISING = ("Rescaling", "Normalization")
_FIRST_LAYERS = 3


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
    if bool(job.mean) != bool(job.std):
        raise ExportError("mean and std go together: give both or neither")
    boards = load_boards(job.boards) if job.boards else []
    npus = wanted_npus(job.vela, boards)
    projects = boards_by_platform(job.firmware, boards)
    output = Path(job.output)
    check_free(output, overwrite=job.overwrite, kind=EXPORT)
    model = load_model(Path(job.model))
    spec = _spec(job, model)
    representative = read_inputs(Path(job.representative), spec, job.inputs)
    test = _read_test(job, spec, model) if job.test else None
    given = [representative, *([test.inputs] if test else [])]
    if not job.mean and all(values.dtype.kind == "f" for values in given):
        # Normalised already; image files beside arrays would still have to be.
        spec = dataclasses.replace(spec, mean=(0.0,), std=(1.0,))
    inputs = _normalised(representative, spec, job)
    with TflmRuntime() as tflm:
        report = export_model(
            model,
            CalibrationData(inputs),
            output,
            verification=_verification(test, spec, job) if test else None,
            settings=ExportSettings(
                task=parse_task(job.task),
                quantization=job.int8.asked(),
                repack_level=parse_level(job.repack),
                boards=tuple(boards),
                npus=npus,
                input_spec=spec,
                class_names=test.class_names if test else job.class_names,
                recipe=_recipe(job, len(inputs)),
            ),
            tflm=tflm,
            add_files=_firmware(projects, representative[:TEST_VECTORS], tflm),
            overwrite=job.overwrite,
        )
    return ExportResult(report, _check_normalisation(model, test, spec, report))


def _firmware(
    projects: Mapping[str, Sequence[Board]],
    raw: Sequence[np.ndarray] | np.ndarray,
    tflm: TflmRuntime,
) -> AddFiles:
    """What writes a project for each platform into an export's folder."""

    def write(folder: Path, report: ExportReport) -> None:
        tflite = (folder / MODEL_FILE).read_bytes()
        for platform, boards in projects.items():
            place = folder / FIRMWARE_FOLDER / platform
            # That of an earlier export of this very model may have been edited.
            if not is_firmware_of(place, tflite):
                write_firmware(place, platform, report, tflite, raw, tflm, boards=boards)

    return write


def _spec(job: ExportJob, model: Any) -> InputSpec:
    spec = default_spec(input_shape(model))
    if spec.is_image:
        spec = dataclasses.replace(spec, colour=job.colour or spec.colour, crop=job.crop)
    elif job.colour:
        raise ExportError(f"colour={job.colour!r}: the model's input {spec.shape} is no image")
    if job.mean:
        return dataclasses.replace(spec, mean=job.mean, std=job.std)
    if any(type(layer).__name__ in _NORMALISING for layer in model.layers[:_FIRST_LAYERS]):
        return dataclasses.replace(spec, mean=(0.0,), std=(1.0,))
    return spec


def _read_test(job: ExportJob, spec: InputSpec, model: Any) -> _Labelled:
    columns = model.outputs[0].shape[-1]
    if job.class_names:
        _check_classes("class_names", job.class_names, columns)
    test = _Labelled(*read_labelled(Path(job.test), spec, job.class_names))
    if test.class_names:
        _check_classes(job.test, test.class_names, columns)
    return test


def _check_classes(where: str, names: Sequence[str], columns: int) -> None:
    # One column tells two classes.
    if len(names) != max(columns, 2):
        raise ExportError(
            f"{where} has {len(names)} classes ({', '.join(names)}), the model tells "
            f"{max(columns, 2)}: give class_names, one for each output, in the model's order"
        )


def _normalised(values: np.ndarray, spec: InputSpec, job: ExportJob) -> np.ndarray:
    """Floats are taken for normalised already, unless it is said how they are to be."""
    if not job.mean and values.dtype.kind == "f":
        # What is too large becomes infinity, which is refused where the model is exported.
        with np.errstate(over="ignore"):
            return values.astype(np.float32)
    return normalise(values, spec.mean, spec.std)


def _verification(test: _Labelled, spec: InputSpec, job: ExportJob) -> VerificationData:
    inputs = _normalised(test.inputs, spec, job)
    return VerificationData(inputs, test.labels, known=inputs)


def _recipe(job: ExportJob, inputs: int) -> dict[str, Any]:
    return {
        "model": Path(job.model).name,
        "representative": Path(job.representative).name,
        "representative_inputs": inputs,
        "test": Path(job.test).name if job.test else None,
    }


def _check_normalisation(
    model: Any, test: _Labelled | None, spec: InputSpec, report: ExportReport
) -> BetterNormalisation | None:
    if test is None or not spec.is_image or test.inputs.dtype.kind == "f":
        return None
    verified = report.verification
    rule = OutputRule(verified.task, verified.threshold)
    return better_normalisation(model, test.inputs, test.labels, spec, rule)
