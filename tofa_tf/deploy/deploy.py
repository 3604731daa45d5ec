"""All deployments of one trained run: a model each, and the report of the run."""

import dataclasses
import platform
from collections.abc import Callable, Sequence

from tflite_export.common.errors import TofaError
from tflite_export.common.versions import OF_MODELS, TFMOT, VELA, versions_of
from tflite_export.runtimes.tflm_pool import TflmPool
from tofa_tf.common.files import write_json
from tofa_tf.common.machine import describe_machine
from tofa_tf.common.workdir import EXTENDED
from tofa_tf.deploy.deployment import Deployment
from tofa_tf.deploy.firmware import add_firmware
from tofa_tf.deploy.report import write_report
from tofa_tf.deploy.results import FORMAT, REPORT, RunReport, ScenarioResult
from tofa_tf.deploy.scenario import SCENARIOS, finished_result, run_scenario, tidy_scenarios
from tofa_tf.training.extension import extended_from
from tofa_tf.training.trained_run import TrainedRun

_PACKAGES = ("tofa-tf", *OF_MODELS, TFMOT, "keras-cv", "tensorflow-datasets", VELA)


@dataclasses.dataclass(frozen=True)
class Deployed:
    """What became of the deployments asked for.

    Attributes:
        results: one for each that came to a model, in the order asked for.
        failures: one line for each that did not.
        report: of the run, with what was made earlier behind the results.
    """

    results: tuple[ScenarioResult, ...]
    failures: tuple[str, ...]
    report: RunReport


def deploy(
    run: TrainedRun,
    deployments: Sequence[Deployment],
    *,
    platforms: Sequence[str] = (),
    say: Callable[[str], None] | None = None,
) -> Deployed:
    """Makes a verified int8 model for each deployment, and writes the report of the run.

    What was made before of the same weights in the same way is kept. One deployment that comes to
    nothing does not cost the others their models.

    Args:
        run: whose supernet is deployed, and whose folder is written to.
        deployments: of different names.
        platforms: to write firmware projects for, see `tflite_export.firmware.generate.PLATFORMS`.
        say: is told which deployment is next.
    """
    results: list[ScenarioResult] = []
    failures: list[str] = []
    tidy_scenarios(run)
    with TflmPool() as tflm:
        for number, deployment in enumerate(deployments, 1):
            if say:
                say(f"[{number}/{len(deployments)}] {deployment.name}")
            try:
                results.append(run_scenario(run, deployment, tflm, results))
                add_firmware(run, results[-1], platforms, tflm)
            except TofaError as error:
                failures.append(_failure(deployment, error))
    made = (*results, *_earlier(run, {result.name for result in results}))
    report = _report(run, made, failures)
    if made:
        write_json(run.folder / REPORT, report.to_json())
        write_report(report, run.folder)
    return Deployed(tuple(results), tuple(failures), report)


def _failure(deployment: Deployment, error: TofaError) -> str:
    """One line that names the scenario, as the fixed rule's errors do already."""
    name, text = f"scenario {deployment.name!r}: ", str(error)
    return text if text.startswith(name) else name + text


def _earlier(run: TrainedRun, names: set[str]) -> list[ScenarioResult]:
    """Results that were made before and not asked for this time."""
    others = sorted(
        path for path in (run.folder / SCENARIOS).glob("[!.]*") if path.name not in names
    )
    results = (finished_result(path, run.weights_sha256) for path in others)
    return [result for result in results if result]


def _report(
    run: TrainedRun, results: Sequence[ScenarioResult], failures: Sequence[str]
) -> RunReport:
    experiment, extended = run.experiment, extended_from(run.folder)
    settings, dataset = experiment.settings, experiment.dataset
    return RunReport(
        format=FORMAT,
        dataset=dataset.name,
        class_names=tuple(dataset.class_names),
        labelled_images=len(experiment.training.labelled),
        labels_per_class=settings.labels_per_class,
        unlabelled_images=experiment.training.without_labels,
        validation_images=len(experiment.validation or ()),
        no_validation=experiment.no_validation,
        test_images=len(dataset.test),
        skipped_images=tuple(dataset.skipped),
        search_space=experiment.space.name,
        steps=experiment.config.steps,
        seed=experiment.config.seed,
        training_seconds=run.training_seconds,
        settings=settings.to_json() | ({EXTENDED: extended} if extended else {}),
        weights_sha256=run.weights_sha256,
        machine=describe_machine(),
        python=platform.python_version(),
        versions=versions_of(_PACKAGES),
        not_fitting=tuple(failures),
        scenarios=tuple(results),
    )
