"""An exported model on this machine: the very file for the board, in LiteRT."""

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Self

import numpy as np

from tflite_export.common.errors import ExportError
from tflite_export.exporting.export_folder import MODEL_FILE, REPORT_FILE, read_report
from tflite_export.input_spec import InputSpec
from tflite_export.preprocess import normalise, to_tensor
from tflite_export.runtimes.litert import LitertModel
from tflite_export.task import OutputRule


class Predictor:
    """Prepares raw inputs as the model's report says, and runs the model.

    Args:
        folder: of the export.

    Raises:
        TofaError: if there is no export, its files do not belong together, or its report does not
            say how inputs are prepared.
    """

    @classmethod
    def of(cls, path: Path) -> Self:
        """Opens an export by its folder, or by the model file in it.

        Raises:
            TofaError: as the constructor; of the folder of a run it names the models in it.
        """
        folder = path.parent if path.suffix == ".tflite" else path
        models = sorted(str(found.parent) for found in folder.glob(f"scenarios/*/{MODEL_FILE}"))
        if models and not (folder / MODEL_FILE).exists():
            raise ExportError(f"{folder} holds several models; name one of {', '.join(models)}")
        if not (folder / REPORT_FILE).exists():
            raise ExportError(
                f"{folder} holds no model with a {REPORT_FILE}: name the folder of one that was "
                "deployed or exported"
            )
        return cls(folder)

    def __init__(self, folder: Path):
        report = read_report(folder)
        try:
            tflite = (folder / MODEL_FILE).read_bytes()
        except OSError as error:
            raise ExportError(f"cannot read {folder / MODEL_FILE}: {error.strerror}") from error
        if hashlib.sha256(tflite).hexdigest() != report.sha256:
            raise ExportError(
                f"{folder / MODEL_FILE} is not the model that the report beside it is of: make "
                "both again"
            )
        if report.input_spec is None:
            raise ExportError(
                f"the report in {folder} does not say how inputs are prepared: export the model "
                "again with an input_spec"
            )
        self.spec: InputSpec = report.input_spec
        checked = report.verification
        self.rule = OutputRule(checked.task, checked.threshold)
        self._names = report.class_names
        self.rejection = report.rejection
        self._model = LitertModel(tflite)

    def outputs(self, raw: Iterable[np.ndarray]) -> np.ndarray:
        """Returns what the model computes, (n, ..., columns) float32.

        Args:
            raw: images, uint8 (height, width, 3 or 1) of any size; or other inputs of the shape of
                `spec`, not normalised.
        """
        inputs = np.stack([self._prepared(one) for one in raw])
        return self._model.run(self._model.quantize(inputs)).values

    def scores(self, raw: Iterable[np.ndarray]) -> np.ndarray:
        """Returns probabilities of the answers, (n, ..., answers); of a regression its outputs."""
        return self._scores(self.outputs(raw))

    def describe(self, raw: np.ndarray, top: int) -> str:
        """Returns the likeliest answers to one input with their scores, or a regression's numbers.

        "unknown" comes first where the input is stranger than known ones of that answer.

        Raises:
            ExportError: if the model gives more than one answer to an input.
        """
        outputs = self.outputs([raw])
        scores = self._scores(outputs)[0]
        if scores.ndim != 1:
            raise ExportError(
                f"the model gives answers of shape {scores.shape[:-1]} to one input: call "
                "Predictor.scores for these"
            )
        if not self.rule.has_answers:
            return "  ".join(f"{value:.4g}" for value in scores)
        best = np.argsort(-scores, kind="stable")[:top]
        answers = [f"{self._name(index)} {scores[index]:.1%}" for index in best]
        unknown = self.rejection and self.rejection.rejected(outputs, self.rule)[0]
        return "  ".join(["unknown", *answers] if unknown else answers)

    def _scores(self, outputs: np.ndarray) -> np.ndarray:
        return self.rule.probabilities(outputs) if self.rule.has_answers else outputs

    def _name(self, index: int) -> str:
        return self._names[index] if index < len(self._names) else str(index)

    def _prepared(self, raw: np.ndarray) -> np.ndarray:
        if self.spec.colour:
            return to_tensor(np.asarray(raw), self.spec)
        raw = np.asarray(raw)
        if raw.shape != self.spec.shape:
            raise ExportError(
                f"an input is of shape {raw.shape}; the model needs {self.spec.shape}"
            )
        return normalise(raw, self.spec.mean, self.spec.std)
