"""What `export_model` is asked for, and what it is given to calibrate and to verify with."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tflite_export.common.errors import ExportError
from tflite_export.convert.quantization_settings import Quantization
from tflite_export.devices.boards import Board
from tflite_export.input_spec import InputSpec
from tflite_export.pack.repack import Level, parse_level
from tflite_export.runtimes.verify import TFLM_EXAMPLES
from tflite_export.task import Task, parse_task


@dataclass(frozen=True, eq=False)
class CalibrationData:
    """What the model will see in use, without labels.

    Arrays are float32 (n, *shape of the input), normalised; or, where `ExportSettings.input_spec`
    says how they become that, raw integers: images, uint8 (n, height, width, 3 or 1) of any size,
    red first, or other values of the input's shape.

    Attributes:
        inputs: the ranges of all activations are taken from these. About 100 are enough.
        training: for quantisation-aware training and for the estimate whether it is needed; None:
            `inputs`.
    """

    inputs: np.ndarray
    training: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class VerificationData:
    """What the int8 model is compared with the float model on.

    Attributes:
        inputs: normalised or raw, as in `CalibrationData`.
        labels: right answers, integers (batch, ...), see `task.py`; None: accuracies are None.
        known: further inputs of the classes that the model knows, on which is fitted what else is
            "unknown", of a classification; None: nothing is.
    """

    inputs: np.ndarray
    labels: np.ndarray | None = None
    known: np.ndarray | None = None


@dataclass(frozen=True)
class ExportSettings:
    """How a model is exported.

    Attributes:
        task: what its outputs mean, see `task.py`.
        quantization: after training, by training, or whichever is needed.
        repack_level: how the file is made smaller. A file for TFLite Micro only is verified as the
            lossless one, and compared with that in TFLite Micro bit by bit.
        tflm_examples: at most so many inputs go through TFLite Micro.
        boards: to report fit and latency estimate for; a model that does not fit is written too.
        npus: to compile for with Vela, see `vela.wanted_npus`.
        input_spec: how raw data becomes the input; raw arrays are prepared by it, and it is kept in
            the report for firmware and `predict`.
        class_names: name of class i at position i; kept in the report.
        recipe: JSON-able record of how the model came about, kept in the report.

    Raises:
        ExportError: if there is no such task or level, or nothing would be verified.
    """

    task: Task = Task.AUTO
    quantization: Quantization = Quantization()
    repack_level: Level = Level.LOSSLESS
    tflm_examples: int = TFLM_EXAMPLES
    boards: tuple[Board, ...] = ()
    npus: tuple[str, ...] = ()
    input_spec: InputSpec | None = None
    class_names: tuple[str, ...] = ()
    recipe: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.tflm_examples < 1:
            raise ExportError(f"tflm_examples={self.tflm_examples}: at least 1 is needed")
        # Texts and lists will do; the only moment at which a frozen instance may still change.
        for name, value in (
            ("task", parse_task(self.task)),
            ("repack_level", parse_level(self.repack_level)),
            ("boards", tuple(self.boards)),
            ("npus", tuple(self.npus)),
            ("class_names", tuple(self.class_names)),
        ):
            object.__setattr__(self, name, value)
