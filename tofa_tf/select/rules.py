"""Rules that choose a scenario's subnet: the fixed rule, and the expensive ones beside it.

The fixed rule measures nothing. The others are what it saves: they measure many subnets on
validation images, or rank them by a proxy.
"""

import dataclasses
import itertools
import random
import time
from collections.abc import Callable, Iterable, Iterator

from tofa_tf.common.errors import UserError
from tofa_tf.select.evolution import Evolution, evolve
from tofa_tf.select.fixed_rule import Candidate, candidates
from tofa_tf.select.names import FIXED
from tofa_tf.select.scenario import Scenario
from tofa_tf.select.score import Score, validation_score, zero_shot_score
from tofa_tf.space.arch import Arch
from tofa_tf.space.cost import Cost, cost
from tofa_tf.training.trained_run import TrainedRun

BAND = 0.2
_DRAWN = 20
_RECENT = 20
_PROXY_DRAWN = 100


@dataclasses.dataclass(frozen=True)
class Choice:
    """What a rule chose for a scenario.

    Attributes:
        candidate: the subnet.
        measured: subnets that the rule has measured for it.
        seconds: that choosing took.
    """

    candidate: Candidate
    measured: int
    seconds: float


class _Chooser:
    """A scenario and a run, for a rule."""

    def __init__(self, run: TrainedRun, scenario: Scenario):
        self.run = run
        self.scenario = scenario
        self.experiment = run.experiment
        self.seed = self.experiment.config.seed

    def fixed(self) -> Iterator[Candidate]:
        """In the order of the fixed rule."""
        return self._candidates(self.run.sampled, self.seed)

    def drawn(self, count: int) -> list[Arch]:
        """Subnets drawn at random from the range of the scenario."""
        found = (c for c in self._candidates((), self.seed + 1) if self.in_range(c.arch))
        archs = [candidate.arch for candidate in itertools.islice(found, count)]
        return archs or [next(self.fixed()).arch]

    def in_range(self, arch: Arch) -> bool:
        """Whether a subnet keeps the budgets and lies within the band below the main one."""
        main, figures = self.scenario.budgets[0], self._cost(arch)
        largest = main.of(self._cost(self.experiment.space.max_arch))
        least = (1.0 - BAND) * min(main.limit, largest)
        return self.scenario.met_by(figures) and main.of(figures) >= least

    def candidate(self, arch: Arch) -> Candidate:
        """A subnet that was drawn or bred."""
        return Candidate(arch, self._cost(arch), "searched", None)

    def score(self, objective: str) -> Score:
        """How good subnets are on the validation images."""
        return validation_score(self.run.supernet, self.experiment, objective or "accuracy")

    def _cost(self, arch: Arch) -> Cost:
        experiment = self.experiment
        return cost(experiment.space, arch, experiment.num_classes, experiment.channels)

    def _candidates(self, log: Iterable[tuple[int, Arch]], seed: int) -> Iterator[Candidate]:
        experiment = self.experiment
        return candidates(
            self.scenario,
            log,
            experiment.space,
            experiment.num_classes,
            channels=experiment.channels,
            band=BAND,
            seed=seed,
        )


def choose(run: TrainedRun, scenario: Scenario, rule: str = FIXED, objective: str = "") -> Choice:
    """Chooses the subnet of a scenario.

    Args:
        run: trained.
        scenario: its budgets.
        rule: one of `RULES`.
        objective: what rules measure on the validation images, one of `score.OBJECTIVES`; "" for
            accuracy, and for the fixed rule nothing: with an objective it takes the best of the
            subnets in range that were sampled last.

    Raises:
        UserError: if there is no such rule or objective, nothing fits, or there are no validation
            images for a rule that needs them.
    """
    if rule not in RULES:
        raise UserError(f"unknown rule {rule!r}; available: {', '.join(RULES)}")
    started = time.perf_counter()
    candidate, measured = RULES[rule](_Chooser(run, scenario), objective)
    return Choice(candidate, measured, time.perf_counter() - started)


def propose(
    run: TrainedRun, scenario: Scenario, rule: str = FIXED, objective: str = ""
) -> Iterator[Candidate]:
    """Yields what a rule chooses, then, should that not fit a board, what the fixed rule prefers.

    Args and errors are those of `choose`.
    """
    fixed = _Chooser(run, scenario).fixed()
    if rule == FIXED and not objective:
        yield from fixed
        return
    chosen = choose(run, scenario, rule, objective).candidate
    yield chosen
    yield from (candidate for candidate in fixed if candidate.arch != chosen.arch)


def draw_in_range(run: TrainedRun, scenario: Scenario, count: int) -> list[Arch]:
    """Returns random subnets that keep the budgets and lie in the band below the main one.

    Args:
        run: trained.
        scenario: its budgets.
        count: of subnets; fewer where the space has no more.
    """
    return _Chooser(run, scenario).drawn(count)


def _fixed(chooser: _Chooser, objective: str) -> tuple[Candidate, int]:
    if not objective:
        return next(chooser.fixed()), 0
    score = chooser.score(objective)
    recent = list(itertools.islice(chooser.fixed(), _RECENT))
    return max(recent, key=lambda candidate: score(candidate.arch)), len(recent)


def _best_of_random(chooser: _Chooser, objective: str) -> tuple[Candidate, int]:
    score, drawn = chooser.score(objective), chooser.drawn(_DRAWN)
    return chooser.candidate(max(drawn, key=score)), len(drawn)


def _evolution(chooser: _Chooser, objective: str) -> tuple[Candidate, int]:
    settings = Evolution()
    arch, measured = evolve(
        chooser.drawn(settings.population),
        chooser.experiment.space,
        chooser.in_range,
        chooser.score(objective),
        random.Random(chooser.seed),
        settings,
    )
    return chooser.candidate(arch), measured


def _zero_shot(chooser: _Chooser, objective: str) -> tuple[Candidate, int]:
    score = zero_shot_score(chooser.run.supernet, chooser.experiment)
    drawn = chooser.drawn(_PROXY_DRAWN)
    return chooser.candidate(max(drawn, key=score)), len(drawn)


RULES: dict[str, Callable[[_Chooser, str], tuple[Candidate, int]]] = {
    FIXED: _fixed,
    "best_of_random": _best_of_random,
    "evolution": _evolution,
    "zero_shot": _zero_shot,
}
