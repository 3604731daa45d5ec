"""From a trained supernet to a verified int8 model for one deployment scenario."""

import dataclasses
import json
import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tflite_export.convert.quantize_model import Method, Quantization
from tflite_export.devices.boards import Board
from tflite_export.export_again import export_again
from tflite_export.export_model import MODEL_FILE, ExportReport, export_model
from tflite_export.runtimes.tflm_pool import TflmPool
from tofa_tf.common.errors import UserError
from tofa_tf.common.files import write_json
from tofa_tf.common.workdir import sha256
from tofa_tf.deploy.board import board_entry, npu_entries
from tofa_tf.nets.deployable import deployable
from tofa_tf.nets.supernet import Supernet
from tofa_tf.select.fixed_rule import Candidate, Scenario, candidates
from tofa_tf.space.arch import Arch
from tofa_tf.training.experiment import Experiment
from tofa_tf.training.sampling import SamplerLog
from tofa_tf.training.trainer import SAMPLED

# Images that int8 ranges are taken from; more make conversion slower and change little.
REPRESENTATIVE_IMAGES = 128
# For quantisation-aware training, which sees each some five times.
TRAINING_IMAGES = 2048
# Closed-form flash and arena know nothing of a board's kernels and their buffers: on a board with
# little SRAM some candidates fail.
_MAX_CANDIDATES = 10
_ENTRY = "scenario.json"


@dataclasses.dataclass(frozen=True)
class Deployment:
    """What one model is made for, and how.

    Attributes:
        scenario: its budgets.
        board: then its flash, SRAM and speed decide instead of the budgets.
        quantization: how the model becomes int8.
        npus: to compile the model for, see `tflite_export.runtimes.vela`.
    """

    scenario: Scenario
    board: Board | None = None
    quantization: Quantization = Quantization()
    npus: tuple[str, ...] = ()

    def has_model(self, entry: dict[str, Any]) -> bool:
        """Whether the model of an entry that was made earlier is what is asked for."""
        asked = self.to_json()
        return all(entry.get(key) == asked[key] for key in asked)

    def has_npus(self, entry: dict[str, Any]) -> bool:
        """Whether an earlier entry was compiled for all NPUs asked for."""
        return {npu["config"] for npu in entry["npus"]}.issuperset(self.npus)

    def to_json(self) -> dict[str, Any]:
        """What decides which model it is and what is said of it, as plain JSON data."""
        quantization = dataclasses.asdict(self.quantization)
        if self.quantization.method == Method.PTQ:
            quantization = {"method": Method.PTQ}
        elif self.quantization.method == Method.QAT:
            del quantization["tolerance"]
        return {
            "budget": dict(self.scenario.budgets),
            "quantization_asked": quantization,
            "board_profile": dataclasses.asdict(self.board) if self.board else None,
        }


def run_scenario(
    deployment: Deployment,
    supernet: Supernet,
    experiment: Experiment,
    folder: Path,
    tflm: TflmPool,
    weights_sha256: str,
    others: Sequence[dict[str, Any]] = (),
) -> dict[str, Any]:
    """Selects, harvests, converts and verifies; takes the next subnet until the files fit.

    Writes `scenarios/NAME/` with the model, its C source, `arch.json` and reports. What an earlier
    run has made of the same weights in the same way is read instead.

    Args:
        supernet: with the weights to deploy.
        folder: of the run; has the sampler's log.
        weights_sha256: of those weights.
        others: entries made in the same job; a subnet that one of them has is not verified again,
            which is what most boards with plenty of flash come to.

    Returns:
        The scenario's entry of `report.json`.

    Raises:
        UserError: if no subnet fits.
        ExportError: if a subnet cannot be converted or fails its verification.
    """
    scenario, board = deployment.scenario, deployment.board
    output = folder / "scenarios" / scenario.name
    made = finished_entry(output, weights_sha256)
    if made and deployment.has_model(made):
        if deployment.has_npus(made):
            return made
        others = (made, *others)
    started = time.perf_counter()
    proposals = candidates(
        scenario,
        SamplerLog(folder / SAMPLED).most_recent_first(),
        experiment.space,
        experiment.num_classes,
        seed=experiment.config.seed,
    )
    missed = ""
    for tries, candidate in enumerate(proposals, 1):
        twin = _twin(candidate, others)
        if twin:
            source = (folder / twin["tflite"]).parent
            boards = (board,) if board else ()
            npus = deployment.npus
            report = export_again(source, output, boards=boards, npus=npus, overwrite=True)
        else:
            report = _export(
                candidate, deployment, supernet, experiment, output, tflm, weights_sha256
            )
        missed = report.boards[0].missing if board else _missed(scenario, report)
        if not missed:
            seconds = time.perf_counter() - started
            entry = _entry(scenario, candidate, report, output, folder, tries, seconds)
            write_json(output / "arch.json", candidate.arch.to_json())
            entry |= {**deployment.to_json(), "weights_sha256": weights_sha256}
            write_json(output / _ENTRY, entry)
            return json.loads((output / _ENTRY).read_text())
        if tries == _MAX_CANDIDATES:
            break
    # What does not fit must not lie there as if it did.
    shutil.rmtree(output)
    raise UserError(f"scenario {scenario.name!r}: none of {tries} verified subnets fits: {missed}")


def _twin(candidate: Candidate, others: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """Returns the entry that has the candidate's subnet."""
    same = (other for other in others if Arch.from_json(other["arch"]) == candidate.arch)
    return next(same, None)


def finished_entry(output: Path, weights_sha256: str) -> dict[str, Any] | None:
    """Returns what an earlier run has made in a scenario's folder.

    None if there is nothing whole: no or a damaged entry, other weights, a changed model.
    """
    try:
        entry = json.loads((output / _ENTRY).read_text())
        whole = (
            entry["weights_sha256"] == weights_sha256
            and sha256(output / MODEL_FILE) == entry["tflite_sha256"]
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return entry if whole else None


def _export(
    candidate: Candidate,
    deployment: Deployment,
    supernet: Supernet,
    experiment: Experiment,
    output: Path,
    tflm: TflmPool,
    weights_sha256: str,
) -> ExportReport:
    resolution = candidate.arch.resolution
    model, calibration = deployable(supernet, candidate.arch, experiment)
    training_images = None
    if deployment.quantization.method != Method.PTQ:
        training_images = experiment.training_images(resolution, TRAINING_IMAGES)
    return export_model(
        model,
        calibration[:REPRESENTATIVE_IMAGES],
        experiment.test_images(resolution),
        experiment.dataset.test.labels,
        output,
        tflm=tflm,
        recipe={
            "arch": candidate.arch.to_json(),
            "search_space": experiment.space.name,
            "class_names": experiment.dataset.class_names,
            "pixel_mean": experiment.space.pixel_mean,
            "pixel_std": experiment.space.pixel_std,
            "weights_sha256": weights_sha256,
            "seed": experiment.config.seed,
        },
        overwrite=True,
        boards=(deployment.board,) if deployment.board else (),
        quantization=deployment.quantization,
        training_images=training_images,
        npus=deployment.npus,
    )


def _missed(scenario: Scenario, report: ExportReport) -> str:
    """Which verified figures exceed their budget; empty if none."""
    verified = {
        "flash_kib": report.tflite_bytes / 1024,
        "arena_kib": report.verification.arena_bytes / 1024,
    }
    return ", ".join(
        f"{resource} {verified[resource]:.1f} of {limit:g}"
        for resource, limit in scenario.budgets
        if resource in verified and verified[resource] > limit
    )


def _entry(
    scenario: Scenario,
    candidate: Candidate,
    report: ExportReport,
    output: Path,
    folder: Path,
    tries: int,
    seconds: float,
) -> dict[str, Any]:
    verification = report.verification
    return {
        "name": scenario.name,
        "arch": candidate.arch.to_json(),
        "origin": candidate.origin,
        "sampled_at_step": candidate.step,
        "candidates_tried": tries,
        "macs": candidate.cost.macs,
        "params": candidate.cost.params,
        "tflite": str((output / MODEL_FILE).relative_to(folder)),
        "tflite_sha256": report.sha256,
        "tflite_bytes": report.tflite_bytes,
        "arena_bytes": verification.arena_bytes,
        "float_accuracy": verification.float_accuracy,
        "int8_accuracy": verification.int8_accuracy,
        "int8_agreement": verification.int8_agreement,
        "quantization": dataclasses.asdict(report.quantization),
        "verification": dataclasses.asdict(verification),
        "latency_ms": verification.litert_ms,
        "board": board_entry(report.boards[0]) if report.boards else None,
        "npus": npu_entries(report),
        "seconds": seconds,
    }
