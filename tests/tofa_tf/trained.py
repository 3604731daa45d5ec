"""One tiny run, trained once in a process; every test works on a copy of its folder."""

import atexit
import dataclasses
import functools
import shutil
import tempfile
from pathlib import Path
from unittest import mock

from tests.tofa_tf.spaces_for_tests import TINY
from tofa_tf.space import presets
from tofa_tf.training.experiment import Experiment, load_experiment, open_folder
from tofa_tf.training.sampling import SamplerLog
from tofa_tf.training.settings import Settings, TrainConfig
from tofa_tf.training.trained_run import TrainedRun, train_or_load
from tofa_tf.training.trainer import SAMPLED

SETTINGS = Settings(
    "digits",
    5,
    search_space="tiny",
    train=TrainConfig(steps=12, labelled_batch=8, unlabelled_ratio=2),
)


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
    root = tempfile.mkdtemp()
    atexit.register(shutil.rmtree, root, ignore_errors=True)
    folder = open_folder(experiment(), Path(root) / "run", overwrite=False)
    return train_or_load(experiment(), folder)


def trained_copy(folder: Path) -> TrainedRun:
    """Copies the trained run to a folder that is not there yet."""
    run = _trained()
    shutil.copytree(run.folder, folder)
    return dataclasses.replace(run, folder=folder, sampled=SamplerLog(folder / SAMPLED))
