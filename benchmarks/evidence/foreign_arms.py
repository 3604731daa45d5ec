"""Arms whose unlabelled images are foreign in part: of classes that nobody has labelled.

Source: the protocol of Oliver et al. (arXiv 1804.09170), section 4.4: some classes have labels, the
others are among the unlabelled images only; the number of unlabelled images stays the same.
"""

import dataclasses
import math
from collections.abc import Sequence

import numpy as np

from benchmarks.evidence.bench import Bench, Outcome
from benchmarks.evidence.measure import Meter
from tofa_tf.common.errors import UserError
from tofa_tf.data.records import UNKNOWN, ImageSet, TrainingImages
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
# By the name of the arms, which classes are known; without names the first of the set. Of CIFAR-10
# the first ones are the hard case: trucks look like automobiles, ships like airplanes, frogs like
# birds. The source labels the animals, too; its vehicles are foreign.
CASES: dict[str, tuple[str, ...]] = {
    "foreign": (),
    "vehicles": ("bird", "cat", "deer", "dog", "frog", "horse"),
}


def foreign(case: str, percent: int, guard: str, bench: Bench) -> Outcome:
    """One supernet, trained on unlabelled images of which a share is foreign.

    Args:
        case: one of `CASES`.
        percent: of the unlabelled images, one of `SHARES`.
        guard: one of `GUARDS`.
        bench: to work with.
    """
    experiment = mixed(bench.experiment, percent, CASES[case])
    notes: dict[str, object] = {}
    if guard == GUARD:
        pool, known = experiment.training.pool, experiment.num_classes
        experiment, found = guarded(experiment)
        truly = int(np.sum(pool.labels[found.left_out] >= known))
        notes = {"looked_at": found.looked_at, "left_out": len(found.left_out), "foreign": truly}
    if guard == ORACLE:
        experiment = known_alone(experiment)
    folder = bench.folder / arm_name(case, percent, guard)
    folder.mkdir(parents=True, exist_ok=True)
    run = train_or_load(experiment, folder)
    levels, meter = [], Meter(experiment, bench.models, bench.name)
    for band, arch in enumerate(bench.archs):
        model, calibration = deployable(run.supernet, arch, experiment)
        figures = cost(experiment.space, arch, experiment.num_classes, experiment.channels)
        levels.append(meter.level(model, calibration, figures, band))
    effort = training_effort(experiment, run.training_seconds)
    return Outcome(tuple(levels), effort, effort, notes)


def arm_name(case: str, percent: int, guard: str) -> str:
    """Returns the name of an arm and of its folder."""
    return f"{case}_{percent}{guard and f'_{guard}'}"


def mixed(experiment: Experiment, percent: int, names: Sequence[str] = ()) -> Experiment:
    """Returns an experiment on some of the classes, with unlabelled images of the others.

    Labelled, validation and test images do not depend on the share, nor does the number of
    unlabelled ones.

    Args:
        experiment: on all classes.
        percent: foreign images among the unlabelled ones that are not labelled.
        names: of the known classes, by default the first three in five of the set.

    Raises:
        UserError: if the set has no class of such a name.
    """
    every = experiment.dataset.class_names
    order, known = _known_first(every, names)
    # By class: its number among the known ones, which come first.
    number = np.argsort(order)
    training = experiment.training
    pool = _numbered(training.pool, number)
    others = np.setdiff1d(training.unlabelled, training.labelled)
    others = np.random.default_rng(experiment.config.seed).permutation(others)
    own, strange = others[pool.labels[others] < known], others[pool.labels[others] >= known]
    count = min(len(own), int(len(strange) / (max(SHARES) / 100)))
    strangers = round(count * percent / 100)
    labelled = training.labelled[pool.labels[training.labelled] < known]
    unlabelled = np.concatenate([labelled, own[: count - strangers], strange[:strangers]])
    dataset = dataclasses.replace(
        experiment.dataset,
        class_names=tuple(every[position] for position in order[:known]),
        test=_of_classes(_numbered(experiment.dataset.test, number), known),
    )
    validation = experiment.validation
    if validation is not None:
        validation = _of_classes(_numbered(validation, number), known)
    return dataclasses.replace(
        experiment,
        dataset=dataset,
        training=TrainingImages(pool, labelled, np.sort(unlabelled)),
        validation=validation,
    )


def _known_first(every: Sequence[str], names: Sequence[str]) -> tuple[np.ndarray, int]:
    """Positions of all classes, the known ones first, and how many these are."""
    if missing := sorted(set(names) - set(every)):
        raise UserError(
            f"the image set has no class {', '.join(missing)}; it has {', '.join(every)}"
        )
    if not names:
        return np.arange(len(every)), math.ceil(_KNOWN_CLASSES * len(every))
    known = [position for position, name in enumerate(every) if name in names]
    return np.append(known, np.setdiff1d(np.arange(len(every)), known)), len(known)


def _numbered(images: ImageSet, number: np.ndarray) -> ImageSet:
    """The same images with other numbers of their classes; an unknown class stays unknown."""
    labels = np.where(images.labels == UNKNOWN, UNKNOWN, number[images.labels])
    return dataclasses.replace(images, labels=labels.astype(images.labels.dtype))


def known_alone(experiment: Experiment) -> Experiment:
    """An experiment without its foreign images: what the best guard would leave."""
    training = experiment.training
    own = training.pool.labels[training.unlabelled] < experiment.num_classes
    kept = TrainingImages(training.pool, training.labelled, training.unlabelled[own])
    return dataclasses.replace(experiment, training=kept)


def _of_classes(images: ImageSet, known: int) -> ImageSet:
    return images.take(images.labels < known)
