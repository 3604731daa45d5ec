"""Which subnets a training step trains: the sandwich rule, and a log of what was drawn when."""

import dataclasses
import json
import math
import os
import random
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal, TypeVar

from tflite_export.common.console import warn
from tflite_export.common.json_data import from_json, to_json
from tofa_tf.common.files import append_line
from tofa_tf.space.arch import Arch
from tofa_tf.space.cost import trunk_macs
from tofa_tf.space.search_space import SearchSpace

# What a subnet is in the sandwich of a step: the largest net, the smallest, or one between.
Role = Literal["max", "min", "random"]

_Number = TypeVar("_Number", int, float)

# Candidates looked at for one draw; the nearest to the target is taken.
_CANDIDATES = 6
# Steps whose draws `spread_archs` chooses from.
_SPREAD_STEPS = 100


class SandwichSampler:
    """Draws the largest net, the smallest, and random ones, as a pure function of seed and step.

    Uniform choices rarely visit the ends of the cost range, so random subnets are stratified: a
    target of MACs is drawn log-uniformly over the range of the space, and of a few candidates
    drawn around it the nearest is taken.

    Source: sandwich rule, universally slimmable networks (arXiv 1903.05134).

    Args:
        space: what may vary.
        seed: draws of equal seed and step are equal.
        num_random: random subnets a step.
    """

    def __init__(self, space: SearchSpace, seed: int, num_random: int = 2):
        self.space = space
        self.seed = seed
        self.num_random = num_random
        self._log_macs = [
            math.log(trunk_macs(space, arch)) for arch in (space.min_arch, space.max_arch)
        ]

    def archs(self, step: int) -> list[tuple[Role, Arch]]:
        """Returns the subnets of a step, each with its role; the largest net is the first.

        In a space of one subnet that is all.
        """
        if self.space.min_arch == self.space.max_arch:
            return [("max", self.space.max_arch)]
        generator = random.Random(f"{self.seed}/{step}")
        drawn: list[tuple[Role, Arch]] = [
            ("random", self.draw(generator)) for _ in range(self.num_random)
        ]
        return [("max", self.space.max_arch), ("min", self.space.min_arch), *drawn]

    def draw(self, generator: random.Random) -> Arch:
        """Draws one stratified random subnet."""
        low, high = self._log_macs
        position = generator.random()
        target = low + position * (high - low)
        candidates = [
            random_arch(self.space, generator, _tilted(position, generator))
            for _ in range(_CANDIDATES)
        ]
        return min(
            candidates, key=lambda arch: abs(math.log(trunk_macs(self.space, arch)) - target)
        )


def spread_archs(space: SearchSpace, count: int) -> list[Arch]:
    """Returns the smallest net, the largest, and others between at even ratios of MACs.

    Args:
        count: of nets, at least 2; of a space of one subnet that one is all.
    """
    if space.min_arch == space.max_arch:
        return [space.max_arch]
    sampler = SandwichSampler(space, seed=0)
    drawn = [
        arch
        for step in range(_SPREAD_STEPS)
        for role, arch in sampler.archs(step)
        if role == "random"
    ]
    low, high = (
        math.log(trunk_macs(space, space.min_arch)),
        math.log(trunk_macs(space, space.max_arch)),
    )
    targets = [low + (high - low) * i / (count - 1) for i in range(1, count - 1)]
    log_macs = {arch: math.log(trunk_macs(space, arch)) for arch in drawn}
    between = [_nearest(log_macs, target) for target in targets]
    return [space.min_arch, *between, space.max_arch]


def _nearest(log_macs: Mapping[Arch, float], target: float) -> Arch:
    return min(log_macs, key=lambda arch: abs(log_macs[arch] - target))


def random_arch(space: SearchSpace, generator: random.Random, tilt: float = 0.5) -> Arch:
    """Draws every choice independently.

    Args:
        tilt: 0.5 draws uniformly, 0 always the smallest choice, 1 always the largest.
    """

    def pick(choices: Sequence[_Number]) -> _Number:
        # Beta with mean `tilt`; at 0.5 it is the uniform distribution.
        if tilt <= 0.0 or tilt >= 1.0:
            position = tilt
        elif tilt <= 0.5:
            position = generator.betavariate(1.0, (1.0 - tilt) / tilt)
        else:
            position = generator.betavariate(tilt / (1.0 - tilt), 1.0)
        choices = sorted(choices)
        return choices[min(int(position * len(choices)), len(choices) - 1)]

    return space.pick(pick)


def _tilted(position: float, generator: random.Random) -> float:
    """A tilt near `position`, so that candidates spread around the target."""
    return min(max(position + generator.uniform(-0.15, 0.15), 0.02), 0.98)


@dataclasses.dataclass(frozen=True)
class _Line:
    """What was drawn at one step."""

    step: int
    archs: tuple[Arch, ...]


class SamplerLog:
    """The file that says which subnets were trained at which step, one JSON line a step.

    Iterating yields (step, Arch), the last sampled first.

    Args:
        path: is created when the first step is added.
    """

    def __init__(self, path: str | os.PathLike):
        self.path = Path(path)
        self._warned = False

    def add(self, step: int, archs: list[Arch]) -> None:
        """Appends the subnets of a step."""
        append_line(self.path, json.dumps(to_json(_Line(step, tuple(archs)))))

    def __iter__(self) -> Iterator[tuple[int, Arch]]:
        """Yields (step, Arch), the last sampled first; warns of damaged lines it passes over."""
        if not self.path.exists():
            return
        for line in _lines_backwards(self.path):
            try:
                entry = from_json(_Line, json.loads(line))
            except (ValueError, RecursionError):
                self._warn()
                continue
            yield from ((entry.step, arch) for arch in reversed(entry.archs))

    def _warn(self) -> None:
        if not self._warned:
            warn(f"{self.path}: lines that are damaged are passed over")
        self._warned = True


def _lines_backwards(path: Path, block_bytes: int = 1 << 16) -> Iterator[bytes]:
    """Yields the lines of a file, the last first, and reads no more of it than is asked for."""
    with path.open("rb") as file:
        position, rest = file.seek(0, os.SEEK_END), b""
        while position > 0:
            size = min(block_bytes, position)
            position -= size
            file.seek(position)
            rest, *lines = (file.read(size) + rest).split(b"\n")
            yield from (line for line in reversed(lines) if line)
        if rest:
            yield rest
