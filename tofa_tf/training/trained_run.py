"""A trained supernet with what is needed to deploy it: trained now, or read from its folder."""

import dataclasses
import os
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import tensorflow as tf
from absl import logging

from tflite_export.common.console import warn
from tofa_tf.common.errors import UserError
from tofa_tf.common.workdir import reserved, sha256
from tofa_tf.data.records import TrainingImages
from tofa_tf.distribute.replicas import ALONE, Replicas
from tofa_tf.nets.supernet import Supernet
from tofa_tf.nets.weights_file import load_weights
from tofa_tf.space.arch import Arch
from tofa_tf.teacher.soft_labels import make_soft_labels
from tofa_tf.training.equal import check_equal
from tofa_tf.training.evaluate import accuracy
from tofa_tf.training.experiment import Experiment, load_experiment, open_folder
from tofa_tf.training.head_start import start_head
from tofa_tf.training.journal import CHECKPOINT, SAMPLED, WEIGHTS
from tofa_tf.training.metrics_log import training_seconds
from tofa_tf.training.sampling import SamplerLog
from tofa_tf.training.settings import Settings
from tofa_tf.training.since_start import warn_if_worse
from tofa_tf.training.train_step import TrainStep
from tofa_tf.training.trainer import build_training, train

# A teacher that is right less than so many times as often as chance is worth a warning.
_CHANCE = 1.5


@dataclasses.dataclass(frozen=True)
class TrainedRun:
    """A supernet after its training.

    Attributes:
        experiment: it was trained in.
        supernet: with the averaged weights.
        weights_sha256: of these weights; tells what was made of them from what was not.
        sampled: (step, Arch) of the training, the last sampled first; can be gone through again.
        training_seconds: how long it took.
        folder: of the run, which takes what is made of the supernet.
    """

    experiment: Experiment
    supernet: Supernet
    weights_sha256: str
    sampled: Iterable[tuple[int, Arch]]
    training_seconds: float
    folder: Path


def train_or_load(
    experiment: Experiment,
    folder: Path,
    on_step: Callable[[int, dict[str, float]], None] | None = None,
    on_images: Callable[[int, int], None] | None = None,
    say: Callable[[str], None] = logging.info,
    replicas: Replicas = ALONE,
) -> TrainedRun:
    """Trains the supernet, goes on where an interrupted training stopped, or loads the result.

    Args:
        experiment: what to train, and on what.
        folder: of the run, exists.
        on_step: is told of every finished step.
        on_images: is told how many images the teacher has described, and of how many.
        say: is told in one line how good the teacher is.
        replicas: of which this process is the chief; the others `assist`.

    Raises:
        UserError: if training diverges, or a file of the folder cannot be read.
    """
    state = _build(experiment, replicas)
    weights = folder / WEIGHTS
    if replicas.any(weights.exists()):
        _load_weights(state.supernet, weights)
    else:
        training = _from_chief(_taught(experiment, folder, on_images, say), experiment, replicas)
        if not (folder / CHECKPOINT).exists() and _head_is_new(experiment):
            start_head(state.supernet, experiment, training.soft_labels)
            state.averages.restart()
        train(state, training, experiment.config, folder, on_step, _validation(state, experiment))
        if experiment.validation is not None:
            warn_if_worse(folder, len(experiment.validation))
    return TrainedRun(
        experiment=experiment,
        supernet=state.supernet,
        weights_sha256=sha256(weights),
        sampled=SamplerLog(folder / SAMPLED),
        training_seconds=training_seconds(folder),
        folder=folder,
    )


def assist(
    experiment: Experiment,
    replicas: Replicas,
    on_step: Callable[[int, dict[str, float]], None] | None = None,
) -> None:
    """Takes part in a training whose chief keeps all files, until it ends.

    Args:
        experiment: equal to the chief's.
        replicas: of which this process is not the chief.
        on_step: is told of every finished step.

    Raises:
        UserError: if images, labels or settings are not the chief's, or training diverges.
    """
    state = _build(experiment, replicas)
    if not replicas.any(False):
        training = _from_chief(experiment.training, experiment, replicas)
        train(state, training, experiment.config, None, on_step)


def load_run(path: str | os.PathLike) -> TrainedRun:
    """Loads a run whose training has come to its end; its folder says with which settings.

    Args:
        path: of the folder.

    Raises:
        UserError: if the folder holds no such run, or the images are no longer those of the run.
    """
    folder = Path(path)
    settings = Settings.of_run(folder)
    check_trained(folder)
    with reserved(folder):
        experiment = load_experiment(settings, trained=True)
        return train_or_load(experiment, open_folder(experiment, folder, overwrite=False))


def check_trained(folder: Path) -> None:
    """Raises a UserError unless the training in a folder has come to its end."""
    if not (folder / WEIGHTS).exists():
        raise UserError(
            f"the training in {folder} has not come to its end: continue it with the command that "
            "began it"
        )


def _build(experiment: Experiment, replicas: Replicas) -> TrainStep:
    if replicas.count > 1:
        check_equal(experiment, replicas)
    return build_training(
        experiment.space,
        experiment.num_classes,
        experiment.config,
        experiment.pretrained,
        experiment.channels,
        replicas,
    )


def _validation(state: TrainStep, experiment: Experiment) -> Callable[[], float] | None:
    """Measures the largest net on the validation images, where there are any."""
    if experiment.validation is None:
        return None
    largest = experiment.space.max_arch
    return lambda: accuracy(state.supernet, largest, experiment, "validation")


def _from_chief(
    training: TrainingImages, experiment: Experiment, replicas: Replicas
) -> TrainingImages:
    """The images with the soft labels that the chief has of them, where there is a teacher."""
    if replicas.count == 1 or experiment.teacher is None:
        return training
    soft_labels = training.soft_labels
    if soft_labels is None:
        soft_labels = np.zeros((len(training.pool), experiment.num_classes), np.float16)
    soft_labels = np.asarray(replicas.from_chief(tf.constant(soft_labels)))
    return dataclasses.replace(training, soft_labels=soft_labels)


def _taught(
    experiment: Experiment,
    folder: Path,
    on_images: Callable[[int, int], None] | None,
    say: Callable[[str], None],
) -> TrainingImages:
    """The images that are learnt from, with the teacher's soft labels where there is a teacher."""
    training, teacher = experiment.training, experiment.teacher
    if teacher is None:
        return training
    cache = experiment.settings.teacher_cache
    made = make_soft_labels(
        teacher, training, experiment.num_classes, folder, Path(cache) if cache else None, on_images
    )
    right = f"{made.left_out_accuracy:.1%} of the labelled images right, each left out of the fit"
    say(f"the teacher {teacher.name} gets {right}")
    if made.left_out_accuracy < _CHANCE / experiment.num_classes:
        warn(f"the teacher {teacher.name} is hardly better than chance here: leave it out")
    return dataclasses.replace(training, soft_labels=made.probabilities)


def _head_is_new(experiment: Experiment) -> bool:
    """Whether pre-trained features come without a classifier for these classes."""
    pretrained = experiment.pretrained
    return pretrained is not None and pretrained.num_classes != experiment.num_classes


def _load_weights(supernet: Supernet, path: Path) -> None:
    try:
        load_weights(supernet, path)
    except UserError as error:
        raise UserError(
            f"{error}: delete the file, and the same command makes it anew from the last checkpoint"
        ) from error
