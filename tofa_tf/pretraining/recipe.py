"""All settings of a pre-training as one value: phases that follow each other, and the rest."""

import bisect
import dataclasses
import itertools
import math
import random
from collections.abc import Mapping
from typing import Any, NamedTuple

from tofa_tf.common.errors import UserError


@dataclasses.dataclass(frozen=True)
class Phase:
    """A part of the training in which the same nets see images of the same sizes.

    Attributes:
        name: for the log.
        epochs: passes over all images; may be a fraction.
        peak_rate: learning rate at its start, behind the warm-up.
        final_rate: learning rate at its end, reached by half a cosine.
        resolutions: pixels, and the share of the phase's steps at each; shares sum to 1.
        warmup_steps: over which the rate rises linearly from 0.
        smallest: whether the smallest net is trained beside the largest.
        num_random: random subnets trained beside the largest.
        sort_channels: whether the most important channels are put first before the phase: the
            smaller nets then start from the best part of the largest.
    """

    name: str
    epochs: float
    peak_rate: float
    final_rate: float
    resolutions: tuple[tuple[int, float], ...] = ((32, 1.0),)
    warmup_steps: int = 0
    smallest: bool = False
    num_random: int = 0
    sort_channels: bool = False


@dataclasses.dataclass(frozen=True)
class Recipe:
    """How a supernet is pre-trained.

    Attributes:
        phases: in their order.
        batch: images a step; every net of a step sees the same ones.
        label_smoothing: of the largest net's labels.
        label_weight: of the hard labels for all nets but the largest, beside a distillation of
            weight `distill_weight` from it.
        distill_weight: see `label_weight`.
        distillation: a name of `losses.DISTILLATIONS`.
        weight_decay: of kernels only.
        momentum: Nesterov's.
        clip_value: bound of each entry of the summed gradient.
        crop_area: smallest and largest share of the image that a crop keeps.
        crop_ratio: smallest and largest ratio of a crop's width to its height.
        seed: of weights, order, crops and sampled subnets.
    """

    phases: tuple[Phase, ...]
    batch: int = 128
    label_smoothing: float = 0.1
    label_weight: float = 0.5
    distill_weight: float = 0.5
    distillation: str = "alpha"
    weight_decay: float = 4e-5
    momentum: float = 0.9
    clip_value: float = 1.0
    crop_area: tuple[float, float] = (0.25, 1.0)
    crop_ratio: tuple[float, float] = (3 / 4, 4 / 3)
    seed: int = 0

    def to_json(self) -> dict[str, Any]:
        """Returns the recipe as plain dicts, lists and numbers."""
        return dataclasses.asdict(self)

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> "Recipe":
        """Reads what `to_json` wrote.

        Raises:
            UserError: if a field is missing or unknown.
        """
        try:
            fields = dict(data)
            phases = tuple(
                Phase(**{**phase, "resolutions": tuple(map(tuple, phase["resolutions"]))})
                for phase in fields.pop("phases")
            )
            for name in ("crop_area", "crop_ratio"):
                fields[name] = tuple(fields[name])
            return Recipe(phases=phases, **fields)
        except (KeyError, TypeError, ValueError) as error:
            raise UserError(f"not a recipe of pre-training: {error}") from error


class StepPlan(NamedTuple):
    """What one step does: which phase it is of, at what size and rate."""

    phase: int
    step_of_phase: int
    resolution: int
    rate: float


class Timetable:
    """Works out what every step of a recipe does, as a pure function of its number.

    Args:
        recipe: of the training.
        num_images: images of an epoch.
    """

    def __init__(self, recipe: Recipe, num_images: int):
        self.recipe = recipe
        self.steps = [
            max(1, round(phase.epochs * num_images / recipe.batch)) for phase in recipe.phases
        ]
        self.ends = list(itertools.accumulate(self.steps))

    @property
    def total_steps(self) -> int:
        """Steps of all phases together."""
        return self.ends[-1]

    def at(self, step: int) -> StepPlan:
        """Returns the plan of a step, from 0."""
        number = bisect.bisect_right(self.ends, step)
        phase, length = self.recipe.phases[number], self.steps[number]
        position = step - (self.ends[number] - length)
        return StepPlan(
            number, position, self._resolution(phase, step), _rate(phase, position, length)
        )

    def _resolution(self, phase: Phase, step: int) -> int:
        if len(phase.resolutions) == 1:
            return phase.resolutions[0][0]
        generator = random.Random(f"{self.recipe.seed}/{step}/resolution")
        sizes, shares = zip(*phase.resolutions, strict=True)
        return generator.choices(sizes, shares)[0]


def _rate(phase: Phase, position: int, length: int) -> float:
    # The middle of a step: so the last one still trains where the final rate is 0.
    cosine = 0.5 * (1 + math.cos(math.pi * (position + 0.5) / length))
    rate = phase.final_rate + (phase.peak_rate - phase.final_rate) * cosine
    if position < phase.warmup_steps:
        rate *= (position + 1) / phase.warmup_steps
    return rate


# Small images first, the largest net alone; then all nets, and both ways of the stem.
FULL = Recipe(
    phases=(
        Phase("largest, small images", 10, 0.2, 0.15, ((24, 1.0),), warmup_steps=1000),
        Phase("largest", 20, 0.15, 0.05),
        Phase(
            "all nets", 14, 0.05, 0.0, ((32, 0.7), (64, 0.3)),
            warmup_steps=200, smallest=True, num_random=2, sort_channels=True,
        ),
    )
)  # fmt: skip
# The same course in two hours on 2 cores: the shipped weights of `mcu_wide` began by this, then
# by `MORE` and `LONGER`; `benchmarks/torch_pretraining` took them on.
MEDIUM = Recipe(
    phases=(
        Phase("largest, small images", 10, 0.2, 0.08, ((24, 1.0),), warmup_steps=800),
        Phase("largest", 4.5, 0.08, 0.02),
        Phase(
            "all nets", 4, 0.05, 0.0, ((24, 0.3), (32, 0.5), (64, 0.2)),
            warmup_steps=100, smallest=True, num_random=1, sort_channels=True,
        ),
    )
)  # fmt: skip
# All nets further from finished weights, which the smaller ones need most.
MORE = Recipe(
    phases=(
        Phase(
            "all nets", 3.5, 0.05, 0.0, ((24, 0.4), (32, 0.45), (64, 0.15)),
            warmup_steps=100, smallest=True, num_random=1,
        ),
    ),
    seed=1,
)  # fmt: skip
# And further still, more on small images.
LONGER = Recipe(
    phases=(
        Phase(
            "all nets", 4.5, 0.06, 0.0, ((24, 0.42), (32, 0.5), (64, 0.08)),
            warmup_steps=100, smallest=True, num_random=1,
        ),
    ),
    seed=2,
)  # fmt: skip
# A trial of the same course: too short for good weights.
SHORT = Recipe(
    phases=(
        Phase("largest, small images", 2, 0.2, 0.15, ((24, 1.0),), warmup_steps=300),
        Phase("largest", 1.5, 0.15, 0.08),
        Phase(
            "all nets", 1.5, 0.08, 0.0, ((32, 0.8), (64, 0.2)),
            warmup_steps=100, smallest=True, num_random=2, sort_channels=True,
        ),
    )
)  # fmt: skip
RECIPES = {"full": FULL, "medium": MEDIUM, "more": MORE, "longer": LONGER, "short": SHORT}


def get_recipe(name: str) -> Recipe:
    """Returns a recipe by its name.

    Raises:
        UserError: if there is none of that name; lists those there are.
    """
    if name not in RECIPES:
        raise UserError(f"unknown recipe {name!r}; available: {', '.join(RECIPES)}")
    return RECIPES[name]
