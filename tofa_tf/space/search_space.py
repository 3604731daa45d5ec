"""What may vary in a supernet: a search space is data, and this is its form.

The tables themselves are in `presets.py`; adding a space means adding one value there.
"""

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Literal

from tofa_tf.common.errors import UserError
from tofa_tf.space.arch import Arch, StageArch

IMAGENET_MEAN = (123.675, 116.28, 103.53)
IMAGENET_STD = (58.395, 57.12, 57.375)


@dataclasses.dataclass(frozen=True)
class Stem:
    """The first convolution with batch norm and activation.

    Attributes:
        widths: choices of output channels.
    """

    widths: tuple[int, ...]
    activation: str
    kernel: int = 3
    stride: int = 2


@dataclasses.dataclass(frozen=True)
class Stage:
    """A row of inverted bottlenecks of equal width; the first one has the stage's stride.

    Attributes:
        widths: choices of output channels.
        depths: choices of how many blocks are active (always the first ones).
        kernels: choices of the depthwise kernel size, odd.
        expands: choices of the expand ratio; (1,) means there is no expand convolution.
        squeeze_excite: whether blocks have squeeze-excite behind the depthwise convolution.
        expand_scales: for each block a factor on its expand ratio, for nets whose blocks are of
            unequal ratio (MobileNetV3); () for 1 everywhere.
    """

    widths: tuple[int, ...]
    depths: tuple[int, ...]
    kernels: tuple[int, ...]
    expands: tuple[float, ...]
    stride: int
    activation: str
    squeeze_excite: bool = False
    expand_scales: tuple[float, ...] = ()


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
class SearchSpace:
    """All that may vary, and what the whole family shares.

    Attributes:
        resolutions: choices of image height and width, in pixels.
        blockwise: kernels and expand ratios are chosen per block; otherwise one value per stage.
        padding: "same" as TensorFlow pads, or "symmetric", k // 2 on every side, as PyTorch does.
        shortcut: "identity" where shape allows, or "projected": every block has one, pooled and
            passed through a 1x1 convolution where shape does not (AttentiveNAS).
        kernel_transform: smaller kernels are the centre of larger ones times a learned matrix
            (Once-for-All) instead of the centre alone.
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
    shortcut: Literal["identity", "projected"] = "identity"
    kernel_transform: bool = False
    bn_epsilon: float = 1e-3
    bn_momentum: float = 0.99
    pixel_mean: tuple[float, float, float] = (128.0, 128.0, 128.0)
    pixel_std: tuple[float, float, float] = (128.0, 128.0, 128.0)

    def __post_init__(self):
        for number, stage in enumerate(self.stages, 1):
            if 1 in stage.expands and stage.expands != (1,):
                raise ValueError(f"{self.name}, stage {number}: expand 1 is (1,) or not a choice")
            if stage.expand_scales and len(stage.expand_scales) != max(stage.depths):
                raise ValueError(f"{self.name}, stage {number}: one expand scale for every block")

    @property
    def min_arch(self) -> Arch:
        """The smallest choice everywhere."""
        return self._corner(min)

    @property
    def max_arch(self) -> Arch:
        """The largest choice everywhere: it uses every weight of the supernet."""
        return self._corner(max)

    def at_resolutions(self, resolutions: Iterable[int]) -> "SearchSpace":
        """The same space with some of its resolutions only.

        Raises:
            UserError: if one of them is not a choice of this space.
        """
        wanted = tuple(sorted(set(resolutions)))
        for resolution in wanted:
            _check("resolution", resolution, self.resolutions, self.name)
        return dataclasses.replace(self, resolutions=wanted)

    def validate(self, arch: Arch) -> None:
        """Checks that an Arch is a point of this space.

        Raises:
            UserError: names the place, the value and what is allowed.
        """
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
        if len(chosen.expands) != len(chosen.kernels):
            raise UserError(
                f"{where}: {len(chosen.kernels)} kernels but {len(chosen.expands)} expand ratios"
            )
        _check("width", chosen.width, stage.widths, where)
        _check("depth", chosen.depth, stage.depths, where)
        for kernel in chosen.kernels:
            _check("kernel", kernel, stage.kernels, where)
        for expand in chosen.expands:
            _check("expand ratio", expand, stage.expands, where)
        if not self.blockwise and (len(set(chosen.kernels)) > 1 or len(set(chosen.expands)) > 1):
            raise UserError(f"{where}: {self.name} has one kernel and one expand ratio per stage")

    def _corner(self, pick) -> Arch:
        stages = []
        for stage in self.stages:
            depth = pick(stage.depths)
            stages.append(
                StageArch(
                    width=pick(stage.widths),
                    kernels=(pick(stage.kernels),) * depth,
                    expands=(pick(stage.expands),) * depth,
                )
            )
        return Arch(
            resolution=pick(self.resolutions),
            stem_width=pick(self.stem.widths),
            stages=tuple(stages),
            feature_width=pick(self.head.feature_widths or (0,)),
        )


def _check(what: str, value: float, allowed: Sequence[float], where: str) -> None:
    if value not in allowed:
        choices = ", ".join(str(choice) for choice in allowed)
        raise UserError(f"{where}: {what} {value} is not one of {choices}")
