"""An Arch worked out: the channels, strides and kernels of every block, in plain numbers.

Everything that needs concrete sizes reads them here: the closed-form cost, the static net, and, as
one int32 vector, the supernet's graph. No rounding rule exists a second time.
"""

import dataclasses

import numpy as np

from tofa_tf.space.arch import Arch
from tofa_tf.space.search_space import SearchSpace, Stage

BLOCK_FIELDS = ("active", "kernel", "mid", "width", "se")


@dataclasses.dataclass(frozen=True)
class BlockPlan:
    """One inverted bottleneck.

    Attributes:
        slot: its place in the supernet, counted over all stages at full depth.
        in_channels: channels that enter.
        mid: channels of the depthwise convolution.
        width: channels that leave.
        se: channels of the squeeze; 0 without squeeze-excite.
        has_expand: whether a 1x1 convolution makes `mid` of `in_channels`.
        shortcut: "none", "identity" or "projected".
    """

    slot: int
    in_channels: int
    mid: int
    width: int
    kernel: int
    stride: int
    se: int
    activation: str
    has_expand: bool
    shortcut: str


@dataclasses.dataclass(frozen=True)
class Plan:
    """A whole subnet; `head_width` and `feature_width` are 0 where the space has no such layer."""

    resolution: int
    stem_width: int
    blocks: tuple[BlockPlan, ...]
    head_width: int
    feature_width: int


def make_divisible(value: float, divisor: int = 8) -> int:
    """The multiple of `divisor` nearest to `value`, never more than 10 % below it.

    Source: the rounding rule of MobileNetV2 and its descendants (Once-for-All, AttentiveNAS).
    """
    rounded = max(divisor, int(value + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * value else rounded


def block_mid(stage: Stage, index: int, in_channels: int, expand: float) -> int:
    """Channels of the depthwise convolution in the block of a stage at a place from 0."""
    if expand == 1:
        return in_channels
    scale = stage.expand_scales[index] if stage.expand_scales else 1
    return make_divisible(round(in_channels * expand * scale))


def make_plan(space: SearchSpace, arch: Arch) -> Plan:
    """Works out every size of a subnet.

    Raises:
        UserError: if the Arch is not a point of the space.
    """
    space.validate(arch)
    blocks = []
    channels, first_slot = arch.stem_width, 0
    for stage, chosen in zip(space.stages, arch.stages, strict=True):
        for index, (kernel, expand) in enumerate(zip(chosen.kernels, chosen.expands, strict=True)):
            stride = stage.stride if index == 0 else 1
            mid = block_mid(stage, index, channels, expand)
            keeps_shape = stride == 1 and channels == chosen.width
            other = "projected" if space.shortcut == "projected" else "none"
            blocks.append(
                BlockPlan(
                    slot=first_slot + index,
                    in_channels=channels,
                    mid=mid,
                    width=chosen.width,
                    kernel=kernel,
                    stride=stride,
                    se=make_divisible(mid // 4) if stage.squeeze_excite else 0,
                    activation=stage.activation,
                    has_expand=expand != 1,
                    shortcut="identity" if keeps_shape else other,
                )
            )
            channels = chosen.width
        first_slot += max(stage.depths)
    head_width = make_divisible(channels * space.head.expand) if space.head.expand else 0
    return Plan(arch.resolution, arch.stem_width, tuple(blocks), head_width, arch.feature_width)


def num_slots(space: SearchSpace) -> int:
    """Blocks of the supernet at full depth."""
    return sum(max(stage.depths) for stage in space.stages)


def encode(space: SearchSpace, arch: Arch) -> np.ndarray:
    """The sizes of a subnet as one int32 vector, the form in which an Arch enters the graph.

    Returns:
        [resolution, stem width, head width, feature width], then for every block of the supernet
        `BLOCK_FIELDS`; a block that is not active is all zeros.
    """
    plan = make_plan(space, arch)
    slots = np.zeros((num_slots(space), len(BLOCK_FIELDS)), np.int32)
    for block in plan.blocks:
        slots[block.slot] = (1, block.kernel, block.mid, block.width, block.se)
    sizes = (plan.resolution, plan.stem_width, plan.head_width, plan.feature_width)
    return np.concatenate([np.array(sizes, np.int32), slots.ravel()])
