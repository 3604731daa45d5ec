"""Keras models as verified int8 models for TFLite Micro.

    from tflite_export import CalibrationData, ExportSettings, export_model

    report = export_model(model, CalibrationData(images), "out/")

Importing the package loads nothing: each name brings its module when it is first used.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tflite_export.common.errors import (
        ExportError as ExportError,
    )
    from tflite_export.common.errors import (
        TofaError as TofaError,
    )
    from tflite_export.convert.quantization_settings import (
        Method as Method,
    )
    from tflite_export.convert.quantization_settings import (
        Quantization as Quantization,
    )
    from tflite_export.devices.boards import (
        Board as Board,
    )
    from tflite_export.devices.boards import (
        load_boards as load_boards,
    )
    from tflite_export.exporting.export_report import ExportReport as ExportReport
    from tflite_export.exporting.export_settings import (
        CalibrationData as CalibrationData,
    )
    from tflite_export.exporting.export_settings import (
        ExportSettings as ExportSettings,
    )
    from tflite_export.exporting.export_settings import (
        VerificationData as VerificationData,
    )
    from tflite_export.exporting.exporter import export_model as export_model
    from tflite_export.input_spec import (
        InputSpec as InputSpec,
    )
    from tflite_export.input_spec import (
        image_spec as image_spec,
    )
    from tflite_export.pack.repack import Level as Level
    from tflite_export.runtimes.verify import Verification as Verification
    from tflite_export.task import Task as Task

_MODULES = {
    "Board": "devices.boards",
    "CalibrationData": "exporting.export_settings",
    "ExportError": "common.errors",
    "ExportReport": "exporting.export_report",
    "ExportSettings": "exporting.export_settings",
    "InputSpec": "input_spec",
    "Level": "pack.repack",
    "Method": "convert.quantization_settings",
    "Quantization": "convert.quantization_settings",
    "Task": "task",
    "TofaError": "common.errors",
    "Verification": "runtimes.verify",
    "VerificationData": "exporting.export_settings",
    "export_model": "exporting.exporter",
    "image_spec": "input_spec",
    "load_boards": "devices.boards",
}

__all__ = [*_MODULES]


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
