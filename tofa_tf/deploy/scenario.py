"""From a trained supernet to a verified int8 model for one deployment scenario."""

import contextlib
import dataclasses
import shutil
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tflite_export.common.console import warn
from tflite_export.common.errors import TofaError
from tflite_export.common.folders import check_free, put_back, take_place, tidy
from tflite_export.convert.quantization_settings import Method
from tflite_export.devices.latency import estimate_latency
from tflite_export.exporting.export_again import export_again
from tflite_export.exporting.export_folder import (
    EXPORT,
    MODEL_FILE,
    REPORT_FILE,
    is_whole,
    keep_firmware,
    read_report,
)
from tflite_export.exporting.export_report import ExportReport
from tflite_export.exporting.export_settings import (
    CalibrationData,
    ExportSettings,
    VerificationData,
)
from tflite_export.exporting.exporter import export_model
from tflite_export.graph.flatbuffer import read_tflite
from tflite_export.graph.operators import OperatorGraph
from tflite_export.runtimes.tflm_pool import TflmPool
from tflite_export.task import Task
from tofa_tf.common.errors import UserError
from tofa_tf.common.files import write_json
from tofa_tf.deploy.deployment import Deployment
from tofa_tf.deploy.evaluation import WORST_IMAGES, Evaluation, evaluate, write_worst_images
from tofa_tf.deploy.results import FORMAT, BoardResult, ScenarioResult, npus_of
from tofa_tf.deploy.sample import SAMPLE, original_image, write_sample
from tofa_tf.deploy.scenario_files import RESULT_FILE, changed_file, hashes_of
from tofa_tf.nets.deployable import deployable
from tofa_tf.select.fixed_rule import Candidate
from tofa_tf.select.rules import propose
from tofa_tf.select.scenario import Budget, Scenario
from tofa_tf.training.trained_run import TrainedRun

SCENARIOS = "scenarios"
# Images that int8 ranges are taken from; more make conversion slower and change little.
REPRESENTATIVE_IMAGES = 128
# For quantisation-aware training, which sees each some five times.
TRAINING_IMAGES = 2048
# Closed-form flash and arena know nothing of a board's kernels and their buffers: on a board with
# little SRAM some candidates fail.
_MAX_CANDIDATES = 10
# Beside the scenarios: a finished one stays until its successor is whole.
_MAKING = ".making"


def tidy_scenarios(run: TrainedRun) -> None:
    """Puts back, or else deletes, what killed processes have left beside a run's scenarios.

    Those that are not asked for any more would lie there for ever.
    """
    folder = run.folder / SCENARIOS
    shutil.rmtree(folder / _MAKING, ignore_errors=True)
    tidy(folder, EXPORT)


def run_scenario(
    run: TrainedRun,
    deployment: Deployment,
    tflm: TflmPool,
    others: Sequence[ScenarioResult] = (),
) -> ScenarioResult:
    """Selects, harvests, converts and verifies; takes the next subnet until the files fit.

    Writes `scenarios/NAME/` with the model, its C source, `arch.json` and reports. What an earlier
    run has made of the same weights in the same way is read instead.

    Args:
        run: whose supernet is deployed, and whose folder is written to.
        deployment: what the model is for.
        tflm: running TFLite Micros.
        others: results of the same job; a subnet that one of them has is not verified again,
            which is what most boards with plenty of flash come to.

    Raises:
        UserError: if no subnet fits.
        ExportError: if a subnet cannot be converted or fails its verification.
    """
    output = run.folder / SCENARIOS / deployment.scenario.name
    making = run.folder / SCENARIOS / _MAKING / deployment.scenario.name
    put_back(output, EXPORT)
    made = finished_result(output, run.weights_sha256)
    if made and made.asked == deployment.asked:
        if {npu.config for npu in made.npus}.issuperset(deployment.npus):
            return made
        others = (made, *others)
    check_free(output, overwrite=True, kind=EXPORT)
    try:
        result = _make(run, deployment, making, tflm, others)
        keep_firmware(output, making, (making / MODEL_FILE).read_bytes())
        take_place(output, making, EXPORT)
        return result
    finally:
        shutil.rmtree(making, ignore_errors=True)
        with contextlib.suppress(OSError):
            making.parent.rmdir()


def _make(
    run: TrainedRun,
    deployment: Deployment,
    making: Path,
    tflm: TflmPool,
    others: Sequence[ScenarioResult],
) -> ScenarioResult:
    """Writes the folder of the first candidate whose files fit."""
    scenario, board = deployment.scenario, deployment.board
    started = time.perf_counter()
    proposals = propose(run, scenario, deployment.rule, deployment.objective)
    missed = ""
    for tries, candidate in enumerate(proposals, 1):
        report = _export(run, deployment, candidate, making, tflm, others)
        tflite = (making / MODEL_FILE).read_bytes()
        missed = report.boards[0].missing if board else missed_budgets(scenario, report, tflite)
        if not missed:
            seconds = time.perf_counter() - started
            result = _result(run, deployment, candidate, report, tries, seconds)
            result = dataclasses.replace(result, evaluation=_evaluate(run, result, making))
            write_json(making / "arch.json", candidate.arch.to_json())
            result = dataclasses.replace(result, files=hashes_of(making))
            write_json(making / RESULT_FILE, result.to_json())
            return result
        if tries == _MAX_CANDIDATES:
            break
    raise UserError(f"scenario {scenario.name!r}: none of {tries} verified subnets fits: {missed}")


def finished_result(output: Path, weights_sha256: str) -> ScenarioResult | None:
    """Returns what an earlier run has made in a scenario's folder.

    None if there is nothing whole: no or a damaged record, other weights, files that are missing
    or changed.
    """
    if not (output / RESULT_FILE).exists():
        return None
    try:
        result = ScenarioResult.read(output / RESULT_FILE)
        if not is_whole(output, result.sha256) or result.weights_sha256 != weights_sha256:
            return None
        _check_unchanged(output, result)
    except TofaError as error:
        warn(f"{error}; the scenario counts as not made")
        return None
    return result


def _check_unchanged(output: Path, result: ScenarioResult) -> None:
    """Raises a `UserError` that names a file which is not what was written."""
    report, name = read_report(output), changed_file(output, result.files)
    same = (report.quantization, report.verification, report.rejection, npus_of(report))
    if same != (result.quantization, result.verification, result.rejection, result.npus):
        name = REPORT_FILE
    if name:
        raise UserError(f"{output / name} is damaged or was changed")


def _export(
    run: TrainedRun,
    deployment: Deployment,
    candidate: Candidate,
    output: Path,
    tflm: TflmPool,
    others: Sequence[ScenarioResult],
) -> ExportReport:
    """Writes the candidate's model, taken over from another scenario where one has it."""
    asked, boards = deployment.asked, (deployment.board,) if deployment.board else ()
    same = (
        other
        for other in others
        if (other.arch, other.asked.quantization) == (candidate.arch, asked.quantization)
    )
    if twin := next(same, None):
        source = (run.folder / twin.tflite).parent
        return export_again(source, output, boards=boards, npus=deployment.npus, overwrite=True)
    experiment, resolution = run.experiment, candidate.arch.resolution
    model, calibration = deployable(run.supernet, candidate.arch, experiment)
    training_images = None
    if deployment.quantization.method != Method.PTQ:
        training_images = experiment.training_images(resolution, TRAINING_IMAGES)
    return export_model(
        model,
        CalibrationData(calibration[:REPRESENTATIVE_IMAGES], training_images),
        output,
        verification=VerificationData(
            experiment.test_images(resolution),
            experiment.dataset.test.labels,
            experiment.validation_images(resolution) if experiment.validation else None,
        ),
        settings=ExportSettings(
            task=Task.CLASSIFICATION,
            quantization=deployment.quantization,
            boards=boards,
            npus=deployment.npus,
            input_spec=experiment.input_spec(resolution),
            class_names=experiment.dataset.class_names,
            recipe={
                "arch": candidate.arch.to_json(),
                "search_space": experiment.space.name,
                "weights_sha256": run.weights_sha256,
                "seed": experiment.config.seed,
            },
        ),
        tflm=tflm,
        overwrite=True,
    )


def missed_budgets(scenario: Scenario, report: ExportReport, tflite: bytes) -> str:
    """Returns which budgets the verified file exceeds, for people; empty if none.

    Args:
        scenario: the budgets.
        report: of the export.
        tflite: the file.
    """
    file = read_tflite(tflite)
    used = ((budget, _used(budget, report, file)) for budget in scenario.budgets)
    return ", ".join(
        f"{budget.name} {amount:.4g} of {budget.limit:g}"
        for budget, amount in used
        if amount > budget.limit
    )


def _used(budget: Budget, report: ExportReport, file: OperatorGraph) -> float:
    """How much the verified file takes; nothing of what the closed form counts exactly."""
    if budget.resource == "flash_kib":
        return report.tflite_bytes / 1024
    if budget.resource == "arena_kib":
        return report.verification.arena_bytes / 1024
    if budget.resource == "latency_ms" and budget.board:
        return estimate_latency(file, budget.board).latency_ms
    return 0.0


def _result(
    run: TrainedRun,
    deployment: Deployment,
    candidate: Candidate,
    report: ExportReport,
    tries: int,
    seconds: float,
) -> ScenarioResult:
    return ScenarioResult(
        format=FORMAT,
        name=deployment.name,
        asked=deployment.asked,
        arch=candidate.arch,
        origin=candidate.origin,
        sampled_at_step=candidate.step,
        candidates_tried=tries,
        macs=candidate.cost.macs,
        params=candidate.cost.params,
        tflite=f"{SCENARIOS}/{deployment.name}/{MODEL_FILE}",
        sha256=report.sha256,
        tflite_bytes=report.tflite_bytes,
        weights_sha256=run.weights_sha256,
        quantization=report.quantization,
        verification=report.verification,
        board=BoardResult.of(report.boards[0]) if report.boards else None,
        npus=npus_of(report),
        seconds=seconds,
        rejection=report.rejection,
    )


def _evaluate(run: TrainedRun, result: ScenarioResult, output: Path) -> Evaluation:
    experiment, resolution = run.experiment, result.arch.resolution
    test, inputs = experiment.dataset.test, experiment.test_images(resolution)
    tflite = (output / MODEL_FILE).read_bytes()
    evaluation = evaluate(tflite, inputs, test.labels, result.rejection)
    worst = [test.images[mistake.image] for mistake in evaluation.worst]
    pixels = np.stack(worst) if worst else np.zeros((0, 1, 1, 1), np.uint8)
    write_worst_images(pixels, output / WORST_IMAGES)
    # One that is taken for something else, where there is one: people look at these.
    shown = evaluation.worst[0].image if evaluation.worst else 0
    write_sample(
        original_image(experiment, shown), experiment.input_spec(resolution), output / SAMPLE
    )
    return evaluation
