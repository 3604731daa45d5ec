"""One tiny run, trained and deployed once for all tests, which work on copies of its folder."""

import dataclasses
import functools
import shutil
from pathlib import Path
from unittest import mock

from tests.shared import shared_folder
from tests.tofa_tf.spaces_for_tests import TINY
from tflite_export.runtimes.tflm_pool import TflmPool
from tofa_tf.common.workdir import close_workdir
from tofa_tf.deploy.deployment import Deployment
from tofa_tf.deploy.results import ScenarioResult
from tofa_tf.deploy.scenario import SCENARIOS, finished_result, run_scenario
from tofa_tf.select.scenario import Budget, Scenario
from tofa_tf.space import presets
from tofa_tf.training.experiment import Experiment, load_experiment, open_folder
from tofa_tf.training.journal import SAMPLED, WEIGHTS
from tofa_tf.training.sampling import SamplerLog
from tofa_tf.training.settings import Settings, TrainConfig
from tofa_tf.training.trained_run import TrainedRun, train_or_load

SETTINGS = Settings(
    "digits",
    5,
    search_space="tiny",
    train=TrainConfig(steps=12, labelled_batch=8, unlabelled_ratio=2),
)
# What is made for the run once.
SMALL = Deployment(Scenario("small", (Budget("macs", 60e3),)))


def tiny_space():
    """Returns a patch under which the search space "tiny" has its name."""
    return mock.patch.dict(presets.SPACES, {"tiny": TINY})


@functools.cache
def experiment() -> Experiment:
    """The experiment of the run."""
    with tiny_space():
        return load_experiment(SETTINGS)


@functools.cache
def _trained() -> TrainedRun:
    with shared_folder("trained") as folder:
        if not (folder / WEIGHTS).exists():
            open_folder(experiment(), folder, overwrite=False)
            train_or_load(experiment(), folder)
            # Other processes read it, too.
            close_workdir(folder)
    return train_or_load(experiment(), folder)


def trained_copy(folder: Path) -> TrainedRun:
    """Copies the trained run to a folder that is not there yet."""
    run = _trained()
    shutil.copytree(run.folder, folder)
    return dataclasses.replace(run, folder=folder, sampled=SamplerLog(folder / SAMPLED))


@functools.cache
def _scenarios() -> Path:
    with shared_folder("deployed") as folder:
        if not folder.exists():
            with TflmPool() as tflm:
                run_scenario(trained_copy(folder), SMALL, tflm)
    return folder / SCENARIOS


def deployed_copy(folder: Path) -> tuple[TrainedRun, ScenarioResult]:
    """Copies the trained run, for which the model `SMALL` has been made, likewise."""
    run = trained_copy(folder)
    shutil.copytree(_scenarios(), folder / SCENARIOS)
    result = finished_result(folder / SCENARIOS / SMALL.scenario.name, run.weights_sha256)
    assert result
    return run, result
