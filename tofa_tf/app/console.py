"""What the commands that train and deploy have in common: what they show meanwhile."""

from collections.abc import Sequence
from pathlib import Path

from tflite_export.exporting.export_folder import FIRMWARE_FOLDER
from tofa_tf.common.errors import UserError
from tofa_tf.common.progress import FilesProgress, Progress
from tofa_tf.deploy.deploy import deploy
from tofa_tf.deploy.deployment import Deployment
from tofa_tf.deploy.report import SCENARIO_COLUMNS
from tofa_tf.deploy.results import ScenarioResult
from tofa_tf.deploy.scenario import SCENARIOS
from tofa_tf.deploy.tables import markdown_table
from tofa_tf.distribute.replicas import ALONE, Replicas
from tofa_tf.training.experiment import Experiment, load_experiment, open_folder
from tofa_tf.training.settings import Settings, Workdir
from tofa_tf.training.trained_run import TrainedRun, assist, train_or_load


def load_and_show(settings: Settings, image_memory_mib: int | None = None) -> Experiment:
    """Loads images and labels, and says in one line what will be trained on what."""
    with FilesProgress() as progress:
        experiment = load_experiment(
            settings, image_memory_mib=image_memory_mib, show=progress.show
        )
    print(describe(experiment), flush=True)
    return experiment


def describe(experiment: Experiment) -> str:
    """Returns one line about a run: its net, its images, its labels."""
    space, training = experiment.space, experiment.training
    sizes = ", ".join(map(str, space.resolutions))
    colour = "grey" if experiment.channels == 1 else "RGB"
    validation = f", {len(experiment.validation)} to validate" if experiment.validation else ""
    return (
        f"{space.name} at {sizes} pixels, {colour}: {experiment.num_classes} classes of "
        f"{experiment.dataset.name}, {len(training.labelled)} labelled images, "
        f"{training.without_labels} without labels{validation}, {len(experiment.dataset.test)} to "
        f"test; {experiment.config.steps} steps from {experiment.settings.pretrained} weights"
        + (f", taught by {experiment.teacher.name}" if experiment.teacher else "")
    )


def train_and_show(
    experiment: Experiment, place: Workdir, replicas: Replicas = ALONE
) -> TrainedRun:
    """Trains, or goes on, or reads what was trained, in the folder of the run."""
    folder = open_folder(experiment, place.workdir, overwrite=place.overwrite, extend=place.extend)
    images = Progress(len(experiment.training.pool))
    with images, Progress(experiment.config.steps) as progress:
        return train_or_load(
            experiment,
            folder,
            progress.step,
            on_images=lambda done, _: images.images(done),
            say=lambda text: print(text, flush=True),
            replicas=replicas,
        )


def assist_and_show(experiment: Experiment, replicas: Replicas) -> None:
    """Takes part in the training of another process, which keeps all files."""
    with Progress(experiment.config.steps) as progress:
        assist(experiment, replicas, progress.step)
    print("trained: the first worker has the weights")


def deploy_and_show(
    run: TrainedRun, deployments: Sequence[Deployment], platforms: Sequence[str]
) -> None:
    """Makes the models and prints their table.

    Raises:
        UserError: at the end, if some came to nothing; says which and why.
    """
    deployed = deploy(
        run, deployments, platforms=platforms, say=lambda text: print(text, flush=True)
    )
    if deployed.report.scenarios:
        print(f"\n{markdown_table(deployed.report.scenarios, SCENARIO_COLUMNS)}\n")
        print(f"models: {run.folder / SCENARIOS / 'NAME'}")
        if platforms and (projects := _projects(run.folder, deployed.results)):
            print(f"firmware: {projects}; README.md there says how to build and flash it")
        print(f"report: {run.folder / 'report.html'}")
    if deployed.failures:
        raise UserError("; ".join(deployed.failures))


def _projects(folder: Path, results: Sequence[ScenarioResult]) -> str:
    """Where firmware lies, a folder for each platform; empty if there is none."""
    roots = {result.name: (folder / result.tflite).parent / FIRMWARE_FOLDER for result in results}
    found = [(name, path.name) for name, root in roots.items() for path in root.glob("[!.]*")]
    scenarios = {name for name, _ in found}
    (scenario,) = scenarios if len(scenarios) == 1 else ("NAME",)
    place = folder / SCENARIOS / scenario / FIRMWARE_FOLDER
    return ", ".join(str(place / platform) for platform in sorted({name for _, name in found}))
