"""By which way a model becomes int8: what users set, and what the exporter takes."""

import enum
import math
from dataclasses import dataclass, replace

from tflite_export.common.errors import ExportError
from tflite_export.common.settings import SettingsBase, setting


class Method(enum.StrEnum):
    """How a float model becomes an int8 model."""

    PTQ = "ptq"
    QAT = "qat"
    AUTO = "auto"


@dataclass(frozen=True)
class QatSettings:
    """How a model is trained; equal settings, model and images give equal weights.

    Attributes:
        steps: optimizer steps.
        batch: images a step.
        learning_rate: of Adam at the first step; falls to 0 along a cosine.
        seed: of the order of images.

    Raises:
        ExportError: if one of them is no number that a training can have.
    """

    steps: int = 150
    batch: int = 64
    learning_rate: float = 1e-4
    seed: int = 0

    def __post_init__(self) -> None:
        for name, least in (("steps", 1), ("batch", 1), ("seed", 0)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                raise ExportError(f"{name}={value!r}: a whole number of at least {least} is needed")
        if not 0.0 <= self.learning_rate < math.inf:
            raise ExportError(f"learning_rate={self.learning_rate!r}: a number from 0 on is needed")


@dataclass(frozen=True)
class Quantization:
    """What is asked for.

    Attributes:
        method: AUTO trains only if post-training quantisation loses more than `tolerance`.
        tolerance: accuracy in percentage points, by the estimate of `quantize_model`.
        qat: of the training.

    Raises:
        ExportError: if the tolerance is not from 0 to 100.
    """

    method: Method = Method.PTQ
    tolerance: float = 0.5
    qat: QatSettings = QatSettings()

    def __post_init__(self) -> None:
        if not 0.0 <= self.tolerance <= 100.0:
            raise ExportError(
                f"tolerance={self.tolerance:g}: percentage points from 0 to 100 are needed"
            )

    def effective(self) -> "Quantization":
        """The same without the settings that its method has no use for."""
        plain = Quantization(self.method)
        if self.method == Method.PTQ:
            return plain
        if self.method == Method.QAT:
            return replace(self, tolerance=plain.tolerance)
        return self


@dataclass(frozen=True)
class Int8Settings(SettingsBase):
    """The part of every command's settings that says how models become int8."""

    quantization: str = setting(
        "How models become int8: after training (ptq, seconds a model), by training on the images "
        "at hand (qat, a minute or more), or auto: qat where ptq loses more than the tolerance.",
        Quantization.method.value, choices=tuple(Method), heading="Models",
    )  # fmt: skip
    tolerance: float = setting(
        "Estimated loss of accuracy in percentage points that auto allows ptq.",
        Quantization.tolerance, least=0, most=100,
    )  # fmt: skip

    def asked(self, seed: int = 0) -> Quantization:
        """Returns what these come to.

        Args:
            seed: of a training.
        """
        return Quantization(Method(self.quantization), self.tolerance, QatSettings(seed=seed))
