"""What a run has made, as frozen records: `report.json` and `scenario.json` hold them.

BUILD.md says what each field means.
"""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from tflite_export.common.json_data import JsonRecord
from tflite_export.convert.quantization_report import QuantizationReport
from tflite_export.devices.board_report import BoardReport
from tflite_export.devices.fit import BoardFit
from tflite_export.exporting.export_report import ExportReport
from tflite_export.rejection import Rejection
from tflite_export.runtimes.vela import NpuReport
from tflite_export.runtimes.verify import Verification
from tofa_tf.common.errors import UserError
from tofa_tf.data.labels import LabelsPerClass
from tofa_tf.deploy.asked import Asked
from tofa_tf.deploy.evaluation import Evaluation
from tofa_tf.space.arch import Arch

REPORT = "report.json"
# Goes up when a field changes its meaning; what another version wrote is made anew.
FORMAT = 3


@dataclasses.dataclass(frozen=True)
class _Versioned(JsonRecord):
    format: int

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """Reads what `to_json` returned.

        Raises:
            TofaError: if it is of another format, or a field is missing, unknown or of another
                type; names it.
        """
        # The first version wrote none.
        if isinstance(data, Mapping) and (found := data.get("format", 1)) != FORMAT:
            raise UserError(f"format {found}, where this version writes and reads format {FORMAT}")
        return super().from_json(data)


@dataclasses.dataclass(frozen=True)
class BoardResult(JsonRecord):
    """A model on its board.

    Attributes:
        fit: used and available bytes of flash and SRAM.
        latency_ms: estimate for one inference on the CPU, never a measurement.
        latency_relative_error: how far off the estimate may well be, a share of 1.
        latency_basis: what it rests on, if that is worth a word.
        energy_mj: estimated millijoules of one inference; None where no energy is published.
        energy_relative_error: of these, likewise.
    """

    fit: BoardFit
    latency_ms: float
    latency_relative_error: float
    latency_basis: str = ""
    energy_mj: float | None = None
    energy_relative_error: float | None = None

    @classmethod
    def of(cls, report: BoardReport) -> Self:
        """Returns what a run keeps of an export's report: all but the latency op by op."""
        latency = report.latency
        return cls(
            report.fit,
            latency.latency_ms,
            latency.relative_error,
            latency.basis,
            latency.energy_mj,
            latency.energy_error,
        )


@dataclasses.dataclass(frozen=True)
class ScenarioResult(_Versioned):
    """The verified model of one deployment.

    Attributes:
        format: see `FORMAT`.
        name: of the scenario, and of its folder.
        asked: what it was made for.
        arch: the subnet.
        origin: "log" if it was sampled in training, "drawn" if drawn for the scenario,
            "searched" if a rule that measures has found it.
        sampled_at_step: at which it was sampled last; None if drawn.
        candidates_tried: subnets verified until one met every budget.
        macs: multiply-accumulates of one inference, in closed form.
        params: trainable parameters, in closed form.
        tflite: path of the model, relative to the folder of the run.
        sha256: of the model.
        tflite_bytes: its size.
        weights_sha256: of the supernet that it was cut from.
        quantization: how it became int8, and what the other way gives.
        verification: accuracy and agreement in both runtimes.
        board: fit and latency estimate; None without a board.
        npus: what Vela says of every NPU.
        seconds: from the sampler's log to the verified model.
        rejection: when an answer is "unknown"; None without validation images.
        evaluation: answers to the test images; None of a file that LiteRT cannot read.
        files: SHA-256 of the other files of its folder, by name; empty if an earlier version made
            it.
    """

    name: str
    asked: Asked
    arch: Arch
    origin: str
    sampled_at_step: int | None
    candidates_tried: int
    macs: int
    params: int
    tflite: str
    sha256: str
    tflite_bytes: int
    weights_sha256: str
    quantization: QuantizationReport
    verification: Verification
    board: BoardResult | None
    npus: tuple[NpuReport, ...]
    seconds: float
    rejection: Rejection | None = None
    evaluation: Evaluation | None = None
    files: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def float_accuracy(self) -> float:
        """Of the float model on the test images, a share of 1."""
        return _measured(self.verification.float_accuracy)

    @property
    def int8_accuracy(self) -> float:
        """Of the int8 model on the test images, a share of 1."""
        return _measured(self.verification.int8_accuracy)

    @property
    def arena_bytes(self) -> int:
        """TFLite Micro's own figure on a 64-bit machine; what a board needs is in `board`."""
        return self.verification.arena_bytes

    @property
    def pc_ms(self) -> float:
        """Milliseconds an image in LiteRT on the machine of the run, one thread."""
        return self.verification.pc_ms


@dataclasses.dataclass(frozen=True)
class RunReport(_Versioned):
    """Everything about a run.

    Attributes:
        format: see `FORMAT`.
        dataset: as the user named it.
        class_names: name of class i at position i.
        labelled_images: whose labels were used.
        labels_per_class: "all", how many, or a share of each class.
        unlabelled_images: the other images trained on.
        validation_images: further labelled images, not trained on, for choices.
        no_validation: why there are none, or "".
        test_images: on which accuracies are measured.
        skipped_images: one line for each image that could not be read.
        search_space: its name.
        steps: of training.
        seed: of everything drawn.
        training_seconds: how long it took.
        settings: all of them.
        weights_sha256: of the supernet.
        machine: processor and cores.
        python: its version.
        versions: of the packages that had a part in it.
        not_fitting: one line for each scenario that came to nothing.
        scenarios: those asked for last, then those made earlier.
    """

    dataset: str
    class_names: tuple[str, ...]
    labelled_images: int
    labels_per_class: LabelsPerClass
    unlabelled_images: int
    validation_images: int
    no_validation: str
    test_images: int
    skipped_images: tuple[str, ...]
    search_space: str
    steps: int
    seed: int
    training_seconds: float
    settings: Mapping[str, Any]
    weights_sha256: str
    machine: str
    python: str
    versions: Mapping[str, str]
    not_fitting: tuple[str, ...]
    scenarios: tuple[ScenarioResult, ...]


def read_run_report(folder: Path) -> RunReport:
    """Reads the report of a run.

    Raises:
        TofaError: if there is none, it is damaged, or of another version.
    """
    if not (folder / REPORT).exists():
        raise UserError(f"{folder} has no {REPORT}: deploy the run first")
    return RunReport.read(folder / REPORT)


def npus_of(report: ExportReport) -> tuple[NpuReport, ...]:
    """Returns what Vela says of every NPU, of the board's own at the clock that it has there."""
    own = report.boards[0].npu if report.boards else None
    return tuple(own if own and own.config == npu.config else npu for npu in report.npus)


def _measured(accuracy: float | None) -> float:
    """An accuracy that is there: scenarios are verified on labelled images."""
    if accuracy is None:
        raise UserError("a scenario was verified without labels: delete its folder and deploy anew")
    return accuracy
