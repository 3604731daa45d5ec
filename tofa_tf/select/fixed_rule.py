"""Which subnet a deployment scenario gets: the fixed rule, without search and without evaluation.

The most recently sampled subnet that meets every budget of the scenario and lies close below its
main budget is taken (TOFA, arXiv 2303.15485, abstract: "on-the-fly architecture selection at
deployment time").
"""

import dataclasses
import random
from collections.abc import Callable, Iterable, Iterator

from tflite_export.common.names import NAMES_ALLOWED, is_name
from tofa_tf.common.errors import UserError
from tofa_tf.space.arch import Arch
from tofa_tf.space.cost import Cost, cost
from tofa_tf.space.search_space import SearchSpace
from tofa_tf.training.sampling import random_arch

# Draws made when the log has nothing in range, before the best of them is taken.
_FALLBACK_DRAWS = 2000

# What a scenario can limit, and how it follows from a closed-form cost.
RESOURCES: dict[str, Callable[[Cost], float]] = {
    "macs": lambda c: c.macs,
    "params": lambda c: c.params,
    "flash_kib": lambda c: c.flash_bytes / 1024,
    "arena_kib": lambda c: c.arena_bytes / 1024,
}
_SUFFIXES = {"k": 1e3, "M": 1e6, "G": 1e9}


@dataclasses.dataclass(frozen=True)
class Scenario:
    """One deployment: a name and the budgets to keep; the first budget is the main one.

    Raises:
        UserError: if the name cannot be that of the scenario's folder.
    """

    name: str
    budgets: tuple[tuple[str, float], ...]

    def __post_init__(self) -> None:
        if not is_name(self.name):
            raise UserError(
                f"scenario {self.name!r}: its name becomes a folder; allowed are {NAMES_ALLOWED}"
            )


@dataclasses.dataclass(frozen=True)
class Candidate:
    """A subnet that the rule proposes.

    Attributes:
        arch: the subnet.
        cost: its closed-form cost.
        origin: "log" if it was sampled in training, "drawn" if drawn for this scenario.
        step: at which it was sampled last; None if drawn.
    """

    arch: Arch
    cost: Cost
    origin: str
    step: int | None


def parse_scenarios(text: str) -> list[Scenario]:
    """Reads scenarios as they are given on the command line.

    Args:
        text: for example "macs=0.5M;macs=1M;flash_kib=96,arena_kib=64".

    Raises:
        UserError: names the part that cannot be read and what is allowed.
    """
    scenarios = [_parse_scenario(part.strip()) for part in text.split(";") if part.strip()]
    if not scenarios:
        raise UserError('no scenario given; for example --scenarios="macs=0.5M;flash_kib=96"')
    names = [scenario.name for scenario in scenarios]
    for name in names:
        if names.count(name) > 1:
            raise UserError(f"scenario {name!r} is given twice")
    return scenarios


def candidates(
    scenario: Scenario,
    log: Iterable[tuple[int, Arch]],
    space: SearchSpace,
    num_classes: int,
    *,
    band: float = 0.2,
    seed: int = 0,
) -> Iterator[Candidate]:
    """Yields subnets for a scenario in the order in which the fixed rule prefers them.

    First those of the log that meet every budget and lie within the band, most recent first; then,
    should none of them do, subnets drawn at random for the purpose: those in the band as they come,
    at last the one that comes nearest to the main budget.

    Args:
        scenario: budgets; the main one has the band.
        log: (step, Arch), most recent first.
        space: the subnets must belong to.
        num_classes: outputs of the classifier.
        band: the main resource must lie from (1 - band) x budget to budget; a budget beyond the
            largest subnet counts as that subnet's.
        seed: of the fallback draws.

    Raises:
        UserError: if the smallest subnet of the space does not fit; says by how much.
    """
    check_fits_smallest(scenario, space, num_classes)
    main, limit = scenario.budgets[0]
    largest = RESOURCES[main](cost(space, space.max_arch, num_classes))
    least = (1.0 - band) * min(limit, largest)
    seen = set()
    for step, arch in log:
        if arch in seen:
            continue
        seen.add(arch)
        arch_cost = cost(space, arch, num_classes)
        if meets(scenario, arch_cost) and RESOURCES[main](arch_cost) >= least:
            yield Candidate(arch, arch_cost, "log", step)

    best = Candidate(space.min_arch, cost(space, space.min_arch, num_classes), "drawn", None)
    generator = random.Random(f"{seed}/{scenario.name}")
    for _ in range(_FALLBACK_DRAWS):
        arch = random_arch(space, generator, tilt=generator.uniform(0.02, 0.98))
        drawn = Candidate(arch, cost(space, arch, num_classes), "drawn", None)
        if arch in seen or not meets(scenario, drawn.cost):
            continue
        seen.add(arch)
        if RESOURCES[main](drawn.cost) >= least:
            yield drawn
        elif RESOURCES[main](drawn.cost) > RESOURCES[main](best.cost):
            best = drawn
    yield best


def meets(scenario: Scenario, arch_cost: Cost) -> bool:
    """Whether a closed-form cost keeps every budget."""
    return all(RESOURCES[resource](arch_cost) <= limit for resource, limit in scenario.budgets)


def check_fits_smallest(scenario: Scenario, space: SearchSpace, num_classes: int) -> None:
    """Raises a UserError with the numbers if not even the smallest subnet meets the budgets."""
    smallest = cost(space, space.min_arch, num_classes)
    if meets(scenario, smallest):
        return
    missed = ", ".join(
        f"{resource} {_number(RESOURCES[resource](smallest))} of {_number(limit)}"
        for resource, limit in scenario.budgets
        if RESOURCES[resource](smallest) > limit
    )
    raise UserError(
        f"scenario {scenario.name!r}: nothing fits; the smallest subnet of {space.name} needs "
        f"{missed}; raise the budget, or lower --resolutions"
    )


def _parse_scenario(text: str) -> Scenario:
    budgets, names = [], []
    for part in text.split(","):
        resource, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals or resource not in RESOURCES:
            raise UserError(
                f"scenario {text!r}: cannot read {part.strip()!r}; wanted is resource=budget with "
                f"a resource of {', '.join(RESOURCES)}"
            )
        if resource in dict(budgets):
            raise UserError(f"scenario {text!r}: {resource} is given twice")
        budgets.append((resource, _parse_number(value, text)))
        names.append(f"{resource}_{value}")
    return Scenario("-".join(names), tuple(budgets))


def _parse_number(text: str, scenario: str) -> float:
    factor = _SUFFIXES.get(text[-1:], 1.0)
    try:
        value = float(text[:-1] if text[-1:] in _SUFFIXES else text) * factor
    except ValueError:
        value = float("nan")
    if not 0 < value < float("inf"):
        raise UserError(
            f"scenario {scenario!r}: {text!r} is not a positive number; 500000, 500k and 0.5M are"
        )
    return value


def _number(value: float) -> str:
    for suffix, factor in reversed(_SUFFIXES.items()):
        if value >= factor:
            return f"{value / factor:.3g}{suffix}"
    return f"{value:.3g}"
