"""Evolutionary search over the subnets of a trained supernet.

Source: Once-for-All (arXiv 1908.09791), section 3.4, and its tutorial: a population of 100, a
quarter of it parents, half of the children mutants with every gene redrawn at 0.1, the others
crossings, 500 generations; scaled down here, because every subnet is measured and not predicted.
"""

import dataclasses
import random
from collections.abc import Callable, Sequence
from typing import Any

from tofa_tf.select.score import Score
from tofa_tf.space.arch import Arch, StageArch
from tofa_tf.space.search_space import SearchSpace

# Children that violate the budgets are drawn again so often, then the parent itself stays.
_TRIES = 100


@dataclasses.dataclass(frozen=True)
class Evolution:
    """Settings of the search.

    Attributes:
        population: subnets of a generation.
        parents: share of it that the next one comes from.
        mutants: share of the children that are mutants; the others are crossings.
        mutation: probability of a gene to be redrawn.
        generations: after the first.
    """

    population: int = 20
    parents: float = 0.25
    mutants: float = 0.5
    mutation: float = 0.1
    generations: int = 5


def evolve(
    first: Sequence[Arch],
    space: SearchSpace,
    allowed: Callable[[Arch], bool],
    score: Score,
    generator: random.Random,
    settings: Evolution | None = None,
) -> tuple[Arch, int]:
    """Returns the best subnet found, and how many were measured.

    Args:
        first: generation, all allowed.
        space: that they belong to.
        allowed: whether a subnet keeps the budgets.
        score: the larger, the better.
        generator: of all chances.
        settings: of the search.
    """
    settings = settings or Evolution()
    scores: dict[Arch, float] = {}

    def ranked(archs: Sequence[Arch]) -> list[Arch]:
        for arch in archs:
            if arch not in scores:
                scores[arch] = score(arch)
        return sorted(dict.fromkeys(archs), key=lambda arch: -scores[arch])

    parents = ranked(first)[: max(2, round(settings.parents * settings.population))]
    count = len(parents)
    for _ in range(settings.generations):
        children = []
        for number in range(settings.population - len(parents)):
            mutant = number < settings.mutants * (settings.population - len(parents))
            children.append(_child(parents, mutant, space, allowed, generator, settings.mutation))
        parents = ranked([*parents, *children])[:count]
    return parents[0], len(scores)


def _child(
    parents: Sequence[Arch],
    mutant: bool,
    space: SearchSpace,
    allowed: Callable[[Arch], bool],
    generator: random.Random,
    mutation: float,
) -> Arch:
    for _ in range(_TRIES):
        one, other = generator.choice(parents), generator.choice(parents)
        child = (
            mutated(one, space, generator, mutation) if mutant else crossed(one, other, generator)
        )
        if allowed(child):
            return child
    return one


def mutated(arch: Arch, space: SearchSpace, generator: random.Random, mutation: float) -> Arch:
    """Returns the subnet with every gene redrawn from the space at a probability.

    Args:
        mutation: that probability.
    """

    def gene(value: Any, choices: Sequence[Any]) -> Any:
        return generator.choice(choices) if generator.random() < mutation else value

    stages = []
    for stage, chosen in zip(space.stages, arch.stages, strict=True):
        depth, genes = gene(chosen.depth, stage.depths), dict(chosen.choices)
        choices = {}
        for name, allowed in stage.block.choices().items():
            if space.blockwise:
                # A block that the parent does not have is new altogether.
                old = [*genes[name], *(generator.choice(allowed) for _ in range(depth))][:depth]
                choices[name] = tuple(gene(value, allowed) for value in old)
            else:
                choices[name] = (gene(genes[name][0], allowed),) * depth
        stages.append(StageArch.make(gene(chosen.width, stage.widths), depth, choices))
    return Arch(
        space=arch.space,
        resolution=gene(arch.resolution, space.resolutions),
        stem_width=gene(arch.stem_width, space.stem.widths),
        stages=tuple(stages),
        feature_width=gene(arch.feature_width, space.head.feature_widths or (0,)),
    )


def crossed(one: Arch, other: Arch, generator: random.Random) -> Arch:
    """Returns a subnet that has every gene from one of two, a stage's blocks all from the same."""
    stages = []
    for mine, theirs in zip(one.stages, other.stages, strict=True):
        blocks = generator.choice((mine, theirs))
        width = generator.choice((mine.width, theirs.width))
        stages.append(dataclasses.replace(blocks, width=width))
    return Arch(
        space=one.space,
        resolution=generator.choice((one.resolution, other.resolution)),
        stem_width=generator.choice((one.stem_width, other.stem_width)),
        stages=tuple(stages),
        feature_width=generator.choice((one.feature_width, other.feature_width)),
    )
