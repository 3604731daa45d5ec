"""What may vary in a supernet: a search space is data, and this is its form.

The tables themselves are in `presets.py`; a space of one's own is a value like those.
"""

import dataclasses
import math
from collections.abc import Callable, Iterable, Sequence
from numbers import Integral
from typing import Any, Literal

from tflite_export.common.json_data import JsonRecord
from tofa_tf.blocks.family import MOST, Block, check_activation, check_kernels
from tofa_tf.common.errors import UserError
from tofa_tf.space.arch import Arch, StageArch

IMAGENET_MEAN = (123.675, 116.28, 103.53)
IMAGENET_STD = (58.395, 57.12, 57.375)
# In a stage; the deepest public spaces have eight.
_MOST_BLOCKS = 1 << 10
# Least height and width of images that a run takes by itself.
_USUAL_PIXELS = 32


@dataclasses.dataclass(frozen=True)
class Stem:
    """The first convolution with batch norm and activation.

    Attributes:
        widths: choices of output channels.
        stride: in both directions.
        stride_1_below: images of fewer pixels a side keep their size in the stem, its stride is 1.
    """

    widths: tuple[int, ...]
    activation: str
    kernel: int = 3
    stride: int = 2
    stride_1_below: int = 0

    def stride_at(self, resolution: int) -> int:
        """The stride for images of `resolution` pixels a side."""
        return 1 if resolution < self.stride_1_below else self.stride

    def strides(self, resolutions: Iterable[int]) -> tuple[int, ...]:
        """The strides that occur for these resolutions, the smallest first."""
        return tuple(sorted({self.stride_at(resolution) for resolution in resolutions}))


@dataclasses.dataclass(frozen=True)
class Stage:
    """A row of blocks of one family and equal width; the first one has the stage's stride.

    Attributes:
        widths: choices of output channels.
        depths: choices of how many blocks are active (always the first ones).
        stride: of the first block.
        block: the family, with its own choices.
    """

    widths: tuple[int, ...]
    depths: tuple[int, ...]
    stride: int
    block: Block


@dataclasses.dataclass(frozen=True)
class Head:
    """What stands between the last stage and the classifier.

    Attributes:
        expand: ratio of a 1x1 convolution with batch norm before the pooling; 0 for none.
        feature_widths: choices of a 1x1 convolution (no batch norm) behind the pooling;
            () for none.
        feature_bias: whether that convolution has a bias (Keras' MobileNetV3).
    """

    activation: str = "relu6"
    expand: float = 0
    feature_widths: tuple[int, ...] = ()
    feature_bias: bool = False


@dataclasses.dataclass(frozen=True)
class SearchSpace(JsonRecord):
    """All that may vary, and what the whole family shares.

    Attributes:
        resolutions: choices of image height and width, in pixels.
        blockwise: choices of a block family are made per block; otherwise one value per stage.
        padding: "same" as TensorFlow pads, or "symmetric", k // 2 on every side, as PyTorch does.
        pixel_mean: per channel, subtracted from pixels in 0..255.
        pixel_std: per channel, the result is divided by it.
    """

    name: str
    resolutions: tuple[int, ...]
    stem: Stem
    stages: tuple[Stage, ...]
    head: Head = Head()
    blockwise: bool = True
    padding: Literal["same", "symmetric"] = "same"
    bn_epsilon: float = 1e-3
    bn_momentum: float = 0.99
    pixel_mean: tuple[float, float, float] = (128.0, 128.0, 128.0)
    pixel_std: tuple[float, float, float] = (128.0, 128.0, 128.0)

    def __post_init__(self) -> None:
        if not self.name or not self.name.isprintable():
            raise UserError(f"the search space's name {self.name!r} cannot be printed in one line")
        if self.padding not in ("same", "symmetric"):
            raise UserError(f"{self.name}: padding {self.padding!r} is not same or symmetric")
        lists = {
            "resolutions": self.resolutions,
            "stem widths": self.stem.widths,
            "stem kernel": (self.stem.kernel,),
            "stem stride": (self.stem.stride,),
            "feature widths": self.head.feature_widths or (1,),
        }
        for number, stage in enumerate(self.stages, 1):
            lists |= {
                f"stage {number} widths": stage.widths,
                f"stage {number} depths": stage.depths,
                f"stage {number} stride": (stage.stride,),
            }
        for what, values in lists.items():
            most = _MOST_BLOCKS if what.endswith("depths") else MOST
            whole = all(isinstance(value, Integral) and 0 < value <= most for value in values)
            if not values or not whole or len(set(values)) < len(values):
                raise UserError(
                    f"{self.name}: {what} {values}: positive whole numbers up to {most}, each once"
                )
        if not 0 <= self.head.expand <= MOST:
            raise UserError(f"{self.name}: head expand {self.head.expand}: from 0 to {MOST}")
        if not all(0 < value < math.inf for value in (*self.pixel_std, self.bn_epsilon)):
            raise UserError(f"{self.name}: pixel_std and bn_epsilon have to be above 0")
        if not all(map(math.isfinite, self.pixel_mean)) or not 0 <= self.bn_momentum < 1:
            raise UserError(
                f"{self.name}: pixel_mean has to be finite, bn_momentum from 0 to below 1"
            )
        check_kernels((self.stem.kernel,))
        check_activation(self.stem.activation)
        check_activation(self.head.activation)
        for number, stage in enumerate(self.stages, 1):
            try:
                stage.block.check(max(stage.depths))
            except UserError as error:
                raise UserError(f"{self.name}, stage {number}: {error}") from error

    @property
    def min_arch(self) -> Arch:
        """The smallest choice everywhere."""
        return self.pick(min)

    @property
    def corners(self) -> tuple[tuple[Arch, Arch], ...]:
        """The smallest and the largest choice everywhere else, at each resolution.

        Where the stem has another stride for small images, larger ones may be cheaper.
        """
        spaces = [self.at_resolutions((resolution,)) for resolution in self.resolutions]
        return tuple((space.min_arch, space.max_arch) for space in spaces)

    @property
    def max_arch(self) -> Arch:
        """The largest choice everywhere: it uses every weight of the supernet."""
        return self.pick(max)

    def pick(self, pick: Callable[[Sequence[Any]], Any]) -> Arch:
        """The Arch that a rule makes of the choices, asked for one after the other.

        Args:
            pick: takes the possible values of one choice and returns one of them.
        """
        resolution, stem_width = pick(self.resolutions), pick(self.stem.widths)
        return Arch(
            space=self.name,
            resolution=resolution,
            stem_width=stem_width,
            stages=tuple(self._pick_stage(stage, pick) for stage in self.stages),
            feature_width=pick(self.head.feature_widths or (0,)),
        )

    def at_resolutions(self, resolutions: Iterable[int]) -> "SearchSpace":
        """The same space with some of its resolutions only.

        Raises:
            UserError: if one of them is not a choice of this space.
        """
        wanted = tuple(sorted(set(resolutions)))
        for resolution in wanted:
            _check("resolution", resolution, self.resolutions, self.name)
        return dataclasses.replace(self, resolutions=wanted)

    @property
    def default_resolution(self) -> int:
        """The smallest resolution of 32 pixels or more, for runs that name none.

        Below, little of a photograph is left; if all are smaller it is the smallest.
        """
        usual = [size for size in self.resolutions if size >= _USUAL_PIXELS]
        return min(usual or self.resolutions)

    def only(self, arch: Arch) -> "SearchSpace":
        """The space of one subnet: every block of it is a stage in which nothing is left to choose.

        Raises:
            UserError: if the Arch is not a point of this space.
        """
        self.validate(arch)
        stages = [
            Stage(
                (chosen.width,),
                (1,),
                stage.stride if index == 0 else 1,
                stage.block.only(index, chosen.of_block(index)),
            )
            for stage, chosen in zip(self.stages, arch.stages, strict=True)
            for index in range(chosen.depth)
        ]
        return dataclasses.replace(
            self,
            name=f"{self.name}_only",
            resolutions=(arch.resolution,),
            stem=dataclasses.replace(self.stem, widths=(arch.stem_width,)),
            stages=tuple(stages),
            head=dataclasses.replace(
                self.head, feature_widths=(arch.feature_width,) if arch.feature_width else ()
            ),
        )

    def normalisation(self, channels: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Mean and standard deviation per channel, of grey images the average over the colours."""
        if channels == len(self.pixel_mean):
            return self.pixel_mean, self.pixel_std
        mean, std = (sum(values) / len(values) for values in (self.pixel_mean, self.pixel_std))
        return (mean,) * channels, (std,) * channels

    def validate(self, arch: Arch) -> None:
        """Checks that an Arch is a point of this space.

        Raises:
            UserError: names the place, the value and what is allowed.
        """
        if arch.space != self.name:
            raise UserError(f"the Arch is of search space {arch.space!r}, not of {self.name!r}")
        _check("resolution", arch.resolution, self.resolutions, self.name)
        _check("stem width", arch.stem_width, self.stem.widths, self.name)
        _check("feature width", arch.feature_width, self.head.feature_widths or (0,), self.name)
        if len(arch.stages) != len(self.stages):
            raise UserError(
                f"{self.name} has {len(self.stages)} stages, the Arch has {len(arch.stages)}"
            )
        for number, (stage, chosen) in enumerate(zip(self.stages, arch.stages, strict=True), 1):
            self._validate_stage(f"stage {number}", stage, chosen)

    def _validate_stage(self, where: str, stage: Stage, chosen: StageArch) -> None:
        _check("width", chosen.width, stage.widths, where)
        _check("depth", chosen.depth, stage.depths, where)
        choices, given = stage.block.choices(), dict(chosen.choices)
        if set(given) != set(choices):
            raise UserError(f"{where}: choices {sorted(given)}, wanted {sorted(choices)}")
        for name, values in given.items():
            if len(values) != chosen.depth:
                raise UserError(f"{where}: {len(values)} values of {name}, depth {chosen.depth}")
            for value in values:
                _check(name, value, choices[name], where)
            if not self.blockwise and len(set(values)) > 1:
                raise UserError(f"{where}: {self.name} has one {name} per stage")

    def _pick_stage(self, stage: Stage, pick: Callable[[Sequence[Any]], Any]) -> StageArch:
        depth = pick(stage.depths)
        choices = {}
        for name, values in stage.block.choices().items():
            if self.blockwise:
                choices[name] = tuple(pick(values) for _ in range(depth))
            else:
                choices[name] = (pick(values),) * depth
        return StageArch.make(pick(stage.widths), depth, choices)


def _check(what: str, value: float, allowed: Sequence[float], where: str) -> None:
    if value not in allowed:
        choices = ", ".join(str(choice) for choice in allowed)
        raise UserError(f"{where}: {what} {value} is not one of {choices}")
