"""Arms whose unlabelled images are foreign in part: of classes that nobody has labelled.

Source: the protocol of Oliver et al. (arXiv 1804.09170), section 4.4: some classes have labels, the
others are among the unlabelled images only; the number of unlabelled images stays the same.
"""

import dataclasses
import math

import numpy as np

from benchmarks.evidence.bench import Bench, Outcome
from benchmarks.evidence.measure import Meter
from tofa_tf.data.records import ImageSet, TrainingImages
from tofa_tf.nets.deployable import deployable
from tofa_tf.select.effort import training_effort
from tofa_tf.space.cost import cost
from tofa_tf.training.experiment import Experiment
from tofa_tf.training.guard import guarded
from tofa_tf.training.trained_run import train_or_load

SHARES = (0, 25, 50, 75, 90)
# Nothing is left out; what looks foreign is; what is foreign is, as nobody but a benchmark knows.
NO_GUARD, GUARD, ORACLE = GUARDS = ("", "guard", "oracle")
_KNOWN_CLASSES = 0.6


def foreign(percent: int, guard: str, bench: Bench) -> Outcome:
    """One supernet, trained on unlabelled images of which a share is foreign.

    Args:
        percent: of the unlabelled images, one of `SHARES`.
        guard: one of `GUARDS`.
        bench: to work with.
    """
    experiment = mixed(bench.experiment, percent)
    notes: dict[str, object] = {}
    if guard == GUARD:
        pool, known = experiment.training.pool, experiment.num_classes
        experiment, found = guarded(experiment)
        truly = int(np.sum(pool.labels[found.left_out] >= known))
        notes = {"looked_at": found.looked_at, "left_out": len(found.left_out), "foreign": truly}
    if guard == ORACLE:
        experiment = known_alone(experiment)
    folder = bench.folder / f"foreign_{percent}{guard and f'_{guard}'}"
    folder.mkdir(parents=True, exist_ok=True)
    run = train_or_load(experiment, folder)
    levels, meter = [], Meter(experiment, bench.models, bench.name)
    for band, arch in enumerate(bench.archs):
        model, calibration = deployable(run.supernet, arch, experiment)
        figures = cost(experiment.space, arch, experiment.num_classes, experiment.channels)
        levels.append(meter.level(model, calibration, figures, band))
    effort = training_effort(experiment, run.training_seconds)
    return Outcome(tuple(levels), effort, effort, notes)


def mixed(experiment: Experiment, percent: int) -> Experiment:
    """Returns an experiment on the first classes, with unlabelled images of the others.

    Labelled, validation and test images do not depend on the share, nor does the number of
    unlabelled ones.

    Args:
        experiment: on all classes.
        percent: foreign images among the unlabelled ones that are not labelled.
    """
    names = experiment.dataset.class_names
    known = math.ceil(_KNOWN_CLASSES * len(names))
    training, labels = experiment.training, experiment.training.pool.labels
    others = np.setdiff1d(training.unlabelled, training.labelled)
    others = np.random.default_rng(experiment.config.seed).permutation(others)
    own, strange = others[labels[others] < known], others[labels[others] >= known]
    count = min(len(own), int(len(strange) / (max(SHARES) / 100)))
    strangers = round(count * percent / 100)
    labelled = training.labelled[labels[training.labelled] < known]
    unlabelled = np.concatenate([labelled, own[: count - strangers], strange[:strangers]])
    dataset = dataclasses.replace(
        experiment.dataset,
        class_names=names[:known],
        test=_of_classes(experiment.dataset.test, known),
    )
    validation = experiment.validation
    return dataclasses.replace(
        experiment,
        dataset=dataset,
        training=TrainingImages(training.pool, labelled, np.sort(unlabelled)),
        validation=None if validation is None else _of_classes(validation, known),
    )


def known_alone(experiment: Experiment) -> Experiment:
    """An experiment without its foreign images: what the best guard would leave."""
    training = experiment.training
    own = training.pool.labels[training.unlabelled] < experiment.num_classes
    kept = TrainingImages(training.pool, training.labelled, training.unlabelled[own])
    return dataclasses.replace(experiment, training=kept)


def _of_classes(images: ImageSet, known: int) -> ImageSet:
    return images.take(images.labels < known)
