"""Which nets a step trains, and at what size: a few sandwiches of each size, drawn beforehand."""

import dataclasses
import random
from collections.abc import Sequence

from tofa_tf.space.arch import Arch
from tofa_tf.space.plan import Plan, make_plan
from tofa_tf.space.search_space import SearchSpace
from tofa_tf.training.sampling import SandwichSampler


class Sandwiches:
    """Draws one sandwich a step, as a function of seed and step.

    A step's kernels are recorded once for every sandwich, so there are not many.

    Args:
        space: what may vary.
        sizes: of images in pixels, resolutions of the space.
        shares: of the steps at each size; they need not sum to 1.
        count: sandwiches of each size.
        num_random: nets of a sandwich beside the largest and the smallest.
        seed: of all draws.
    """

    def __init__(
        self,
        space: SearchSpace,
        sizes: Sequence[int],
        shares: Sequence[float],
        count: int,
        num_random: int,
        seed: int,
    ):
        self._space = space
        self._sizes = list(sizes)
        self._shares = list(shares)
        self._seed = seed
        generator = random.Random(seed)
        sampler = SandwichSampler(space.at_resolutions((sizes[0],)), seed)
        self._plans = {
            size: [
                self._plans_of(size, [sampler.draw(generator) for _ in range(num_random)])
                for _ in range(count)
            ]
            for size in sizes
        }

    def size(self, step: int) -> int:
        """Returns the size of a step's images in pixels."""
        return random.Random(f"{self._seed}/{step}/size").choices(self._sizes, self._shares)[0]

    def plans(self, step: int) -> tuple[Plan, ...]:
        """Returns the largest net, the smallest and the random ones of a step."""
        return random.Random(f"{self._seed}/{step}").choice(self._plans[self.size(step)])

    def _plans_of(self, size: int, drawn: Sequence[Arch]) -> tuple[Plan, ...]:
        archs = (self._space.max_arch, self._space.min_arch, *drawn)
        return tuple(
            make_plan(self._space, dataclasses.replace(arch, resolution=size)) for arch in archs
        )
