"""Everything that is compared: the method, what it is without a part, and what one does without it.

An arm is a value: a name, how it is measured, and which settings it changes.
"""

import dataclasses
import functools
import time
from collections.abc import Callable
from typing import Any

import keras

from benchmarks.evidence.bench import Bench, Outcome
from benchmarks.evidence.foreign_arms import (
    CASES,
    GUARD,
    GUARDS,
    ORACLE,
    SHARES,
    arm_name,
    foreign,
)
from benchmarks.evidence.rule_arms import corruptions, rule, spread
from tofa_tf.nets.deployable import deployable
from tofa_tf.pretrained.names import NONE
from tofa_tf.select.alone import BASELINES, baseline_folder, make_alone
from tofa_tf.select.effort import Effort, forward_effort, training_effort
from tofa_tf.select.rules import RULES
from tofa_tf.select.score import OBJECTIVES
from tofa_tf.select.standard_nets import STANDARD_NETS
from tofa_tf.space.cost import cost
from tofa_tf.space.presets import SPACES
from tofa_tf.teacher.names import EFFICIENTNET_LITE0


@dataclasses.dataclass(frozen=True)
class Arm:
    """One thing that is compared.

    Attributes:
        name: in flags and records.
        title: in tables.
        measure: makes its nets and measures them.
        changes: settings of the training that differ from those of all arms.
    """

    name: str
    title: str
    measure: Callable[[Bench], Outcome]
    changes: tuple[tuple[str, Any], ...] = ()


def supernet(bench: Bench) -> Outcome:
    """One supernet for all levels: the method."""
    experiment, run = bench.experiment, bench.trained()
    started, levels, effort = time.perf_counter(), [], Effort()
    for band, arch in enumerate(bench.archs):
        model, calibration = deployable(run.supernet, arch, experiment)
        figures = cost(experiment.space, arch, experiment.num_classes, experiment.channels)
        levels.append(bench.meter.level(model, calibration, figures, band))
        effort += forward_effort(figures.macs, len(calibration), 0.0)
    trained = training_effort(experiment, run.training_seconds) + effort
    measuring = round(time.perf_counter() - started, 1)
    return Outcome(tuple(levels), trained, trained, {"measuring_seconds": measuring})


def alone(baseline: str, bench: Bench) -> Outcome:
    """A net of its own for every level.

    Args:
        baseline: one of `tofa_tf.select.alone.BASELINES`.
        bench: to work with; a well-known net is compared with the largest level that has no more
            MACs.
    """
    archs = bench.archs[-1:] if baseline in STANDARD_NETS else bench.archs
    levels, chosen = [], []
    effort = final_effort = Effort()
    for number, arch in enumerate(archs):
        folder = baseline_folder(bench.folder, baseline, arch)
        net = make_alone(baseline, bench.experiment, arch, folder)
        band = _comparable(bench, net.cost.macs) if baseline in STANDARD_NETS else number
        levels.append(bench.meter.level(net.model, net.calibration, net.cost, band))
        chosen.append(net.chosen)
        effort, final_effort = effort + net.effort, final_effort + net.final_effort
        keras.backend.clear_session()
    return Outcome(tuple(levels), effort, final_effort, {"chosen": chosen})


def _comparable(bench: Bench, macs: int) -> int:
    experiment = bench.experiment
    costs = [
        cost(experiment.space, arch, experiment.num_classes, experiment.channels).macs
        for arch in bench.archs
    ]
    return max((band for band, own in enumerate(costs) if own <= macs), default=0)


_TITLES = {
    "ridge": "ridge on frozen features",
    "self_trained": "frozen features, self-trained classifier",
    "fine_tuned": "each net fine-tuned, labels only",
    "fine_tuned_semi": "each net fine-tuned, semi-supervised",
    "scratch": "each net from scratch, labels only",
    "scratch_semi": "each net from scratch, semi-supervised",
    "resnet8": "ResNet-8 from scratch",
    "mobilenet_v2_035": "MobileNetV2-0.35 from scratch",
}
_RULES = {
    "fixed": "fixed rule",
    "best_of_random": "best of 20 random subnets",
    "evolution": "evolutionary search",
    "zero_shot": "zero-shot proxy",
}


def _space_arm(name: str) -> Arm:
    changes = (("search_space", name), ("pretrained", NONE))
    return Arm(f"space_{name}", f"space {name}, from scratch", supernet, changes)


def _foreign_arm(case: str, percent: int, guard: str) -> Arm:
    title = f"TOFA, {percent} % of the unlabelled images {case}"
    if guard:
        title += {GUARD: ", guard", ORACLE: ", exactly these left out"}[guard]
    measure = functools.partial(foreign, case, percent, guard)
    return Arm(arm_name(case, percent, guard), title, measure)


_ALL = (
    Arm("tofa", "TOFA", supernet),
    Arm("tofa_labels", "TOFA, labels only", supernet, (("unlabelled_ratio", 0),)),
    Arm("tofa_teacher", "TOFA with a teacher", supernet, (("teacher", EFFICIENTNET_LITE0),)),
    Arm("tofa_scratch", "TOFA from scratch", supernet, (("pretrained", NONE),)),
    *(
        Arm(baseline, _TITLES[baseline], functools.partial(alone, baseline))
        for baseline in BASELINES
    ),
    *(Arm(f"rule_{name}", _RULES[name], functools.partial(rule, name, "")) for name in RULES),
    *(
        Arm(
            f"rule_{objective}",
            f"fixed rule, {objective.replace('_', ' ')} of the last 20",
            functools.partial(rule, "fixed", objective),
        )
        for objective in OBJECTIVES
    ),
    Arm("spread", "random subnets of a band", spread),
    Arm("corruptions", "TOFA on corrupted images", corruptions),
    *(_space_arm(name) for name in SPACES if name.startswith("mcu")),
    *(
        _foreign_arm(case, percent, guard)
        for case in CASES
        for percent in SHARES
        for guard in GUARDS
    ),
)
ARMS = {arm.name: arm for arm in _ALL}
