"""Which subnet a deployment scenario gets: the fixed rule, without search and without evaluation.

The most recently sampled subnet that meets every budget of the scenario and lies close below its
main budget is taken (TOFA, arXiv 2303.15485, abstract: "on-the-fly architecture selection at
deployment time").
"""

import dataclasses
import random
from collections.abc import Iterable, Iterator

from tofa_tf.select.scenario import Scenario
from tofa_tf.space.arch import Arch
from tofa_tf.space.cost import Cost, cost
from tofa_tf.space.search_space import SearchSpace
from tofa_tf.training.sampling import random_arch

# Draws made when the log has nothing in range, before the best of them is taken.
_FALLBACK_DRAWS = 2000


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


def candidates(
    scenario: Scenario,
    log: Iterable[tuple[int, Arch]],
    space: SearchSpace,
    num_classes: int,
    *,
    channels: int = 3,
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
        channels: of the images.
        band: the main resource must lie from (1 - band) x budget to budget; a budget beyond the
            largest subnet counts as that subnet's.
        seed: of the fallback draws.

    Raises:
        UserError: if the smallest subnet of the space does not fit; says by how much.
    """

    def figures(arch: Arch) -> Cost:
        return cost(space, arch, num_classes, channels)

    smallest = [Candidate(low, figures(low), "drawn", None) for low, _ in space.corners]
    scenario.check_within([each.cost for each in smallest], space.name)
    main = scenario.budgets[0]
    most = max(main.of(figures(high)) for _, high in space.corners)
    least = (1.0 - band) * min(main.limit, most)
    seen, proposed = set(), set()
    for step, arch in log:
        if arch in seen:
            continue
        seen.add(arch)
        arch_cost = figures(arch)
        if main.of(arch_cost) >= least and scenario.met_by(arch_cost):
            proposed.add(arch)
            yield Candidate(arch, arch_cost, "log", step)

    best = next(each for each in smallest if scenario.met_by(each.cost))
    generator = random.Random(f"{seed}/{scenario.name}")
    for _ in range(_FALLBACK_DRAWS):
        arch = random_arch(space, generator, tilt=generator.uniform(0.02, 0.98))
        drawn = Candidate(arch, figures(arch), "drawn", None)
        if arch in seen or not scenario.met_by(drawn.cost):
            continue
        seen.add(arch)
        if main.of(drawn.cost) >= least:
            proposed.add(arch)
            yield drawn
        elif main.of(drawn.cost) > main.of(best.cost):
            best = drawn
    if best.arch not in proposed:
        yield best
