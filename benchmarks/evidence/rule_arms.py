"""Arms that choose subnets of a trained supernet for budgets: the fixed rule and what it saves."""

import dataclasses
import math

import keras
import numpy as np

from benchmarks.evidence.bench import Bench, Outcome
from benchmarks.evidence.measure import share_right
from benchmarks.evidence.records import Level
from tofa_tf.data.corruptions import CORRUPTIONS, STRENGTHS, corrupted
from tofa_tf.nets.answers import answers
from tofa_tf.nets.deployable import deployable
from tofa_tf.select.effort import Effort, forward_effort
from tofa_tf.select.rules import choose, draw_in_range
from tofa_tf.select.scenario import Budget, Scenario
from tofa_tf.space.cost import cost
from tofa_tf.training.experiment import Experiment

# Corrupted images are measured in float, on as many as tell points apart.
_CORRUPTED_IMAGES = 2000
_MIDDLE = 1


def rule(name: str, objective: str, bench: Bench) -> Outcome:
    """The subnets that a rule chooses for budgets of MACs.

    Args:
        name: of the rule, one of `rules.RULES`.
        objective: see `rules.choose`.
        bench: to work with.
    """
    run, levels, measured, effort = bench.trained(), [], [], Effort()
    seen = len(bench.experiment.validation or ())
    for band, scenario in enumerate(scenarios(bench.experiment, bench.levels - 1)):
        choice = choose(run, scenario, name, objective)
        model, calibration = deployable(run.supernet, choice.candidate.arch, bench.experiment)
        # To measure a subnet is to recalibrate it and to run it on the validation images.
        images = choice.measured * (len(calibration) + seen)
        effort += forward_effort(choice.candidate.cost.macs, images, choice.seconds)
        level = bench.meter.float_level(model, choice.candidate.cost, band, choice.seconds)
        bad = accuracy_when_corrupted(model, bench.experiment, (_MIDDLE,))
        levels.append(dataclasses.replace(level, corrupted=bad))
        measured.append(choice.measured)
    return Outcome(tuple(levels), effort, effort, {"measured": measured})


def spread(bench: Bench) -> Outcome:
    """Random subnets in every band: what there is to choose from.

    With five levels there are four bands of 40.
    """
    run, experiment, levels = bench.trained(), bench.experiment, []
    bands = scenarios(experiment, bench.levels - 1)
    for band, scenario in enumerate(bands):
        for arch in draw_in_range(run, scenario, 10 * len(bands)):
            model, _ = deployable(run.supernet, arch, experiment)
            figures = cost(experiment.space, arch, experiment.num_classes, experiment.channels)
            levels.append(bench.meter.float_level(model, figures, band))
            keras.backend.clear_session()
    return Outcome(tuple(levels), Effort(), Effort(), {})


def corruptions(bench: Bench) -> Outcome:
    """All levels of the supernet on corrupted test images, at every strength."""
    run, experiment, levels = bench.trained(), bench.experiment, []
    for band, arch in enumerate(bench.archs):
        model, _ = deployable(run.supernet, arch, experiment)
        figures = cost(experiment.space, arch, experiment.num_classes, experiment.channels)
        level = bench.meter.float_level(model, figures, band)
        bad = accuracy_when_corrupted(model, experiment, range(STRENGTHS))
        levels.append(dataclasses.replace(level, corrupted=bad))
    return Outcome(tuple(levels), Effort(), Effort(), {})


def scenarios(experiment: Experiment, bands: int) -> list[Scenario]:
    """Returns budgets of MACs at even ratios, the last one that of the largest net."""
    space = experiment.space
    low, high = (
        math.log(cost(space, arch, experiment.num_classes, experiment.channels).macs)
        for arch in (space.min_arch, space.max_arch)
    )
    limits = [math.exp(low + (high - low) * (band + 1) / bands) for band in range(bands)]
    return [
        Scenario(f"band{band}", (Budget("macs", math.ceil(limit)),))
        for band, limit in enumerate(limits)
    ]


def accuracy_when_corrupted(
    model: keras.Model, experiment: Experiment, strengths: range | tuple[int, ...]
) -> dict[str, float]:
    """Returns the accuracy on corrupted test images by kind and strength, as "blur_1".

    Args:
        model: float.
        experiment: with the images.
        strengths: see `corruptions.corrupted`.
    """
    test = experiment.dataset.test
    some = np.random.default_rng(0).permutation(len(test))[:_CORRUPTED_IMAGES]
    test = test.take(some)
    shares, clean = {}, test.at(model.input_shape[1])
    for kind in CORRUPTIONS:
        for strength in strengths:
            images = experiment.normalised(corrupted(clean, kind, strength))
            shares[f"{kind}_{strength}"] = share_right(answers(model, images), test.labels)
    return shares


def mean_when_corrupted(level: Level) -> float:
    """Returns the mean accuracy over all corruptions that were measured."""
    return float(np.mean(list(level.corrupted.values())))
