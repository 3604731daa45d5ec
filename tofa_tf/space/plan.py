"""An Arch worked out: the channels, strides and kernels of every block, in plain numbers.

Everything that needs concrete sizes reads them here: the closed-form cost, the static net, and, as
one int32 vector, the supernet's graph. No rounding rule exists a second time.
"""

import dataclasses
from collections.abc import Iterator

import numpy as np

from tofa_tf.blocks.family import BlockPlan, make_divisible
from tofa_tf.blocks.net_builder import Size, Truth
from tofa_tf.space.arch import Arch
from tofa_tf.space.search_space import SearchSpace, Stage

HEADER = ("resolution", "stem_width", "stem_stride", "head_width", "feature_width")


@dataclasses.dataclass(frozen=True)
class Slot:
    """A place for a block in the supernet at full depth.

    Attributes:
        number: of the stage, from 1.
        index: place in the stage, from 0.
        keeps_width: whether as many channels enter as leave; None: that depends on the subnet.
        optional: whether some subnets leave it out.
        in_widths: choices of the channels that enter.
    """

    stage: Stage
    number: int
    index: int
    keeps_width: bool | None
    optional: bool
    in_widths: tuple[int, ...]

    @property
    def max_in_channels(self) -> int:
        """Most channels that enter."""
        return max(self.in_widths)

    @property
    def stride(self) -> int:
        """Stride of the block."""
        return self.stage.stride if self.index == 0 else 1

    @property
    def fields(self) -> tuple[str, ...]:
        """What the encoded vector has for it."""
        return ("active", "width", *self.stage.block.SIZES)


@dataclasses.dataclass(frozen=True)
class Plan:
    """A whole subnet, in numbers or in tensors of the supernet's graph.

    Attributes:
        head_width, feature_width: 0 where the space has no such layer.
        blocks: active ones; in tensors all slots.
        active: for each block whether it computes; numbers need none, and have ().
    """

    resolution: Size
    stem_width: Size
    stem_stride: Size
    head_width: Size
    feature_width: Size
    blocks: tuple[BlockPlan, ...]
    active: tuple[Truth, ...] = ()


def slots(space: SearchSpace) -> Iterator[Slot]:
    """Yields every place for a block, in the order in which they run."""
    in_widths = space.stem.widths
    for number, stage in enumerate(space.stages, 1):
        for index in range(max(stage.depths)):
            single = len(set(in_widths) | set(stage.widths)) == 1
            disjoint = not set(in_widths) & set(stage.widths)
            keeps_width = True if index > 0 or single else False if disjoint else None
            optional = index >= min(stage.depths)
            yield Slot(stage, number, index, keeps_width, optional, in_widths)
            in_widths = stage.widths


def make_plan(space: SearchSpace, arch: Arch) -> Plan:
    """Works out every size of a subnet.

    Raises:
        UserError: if the Arch is not a point of the space.
    """
    space.validate(arch)
    blocks, channels = [], arch.stem_width
    for slot in slots(space):
        chosen = arch.stages[slot.number - 1]
        if slot.index < chosen.depth:
            sizes = slot.stage.block.sizes(
                channels, chosen.width, slot.index, chosen.of_block(slot.index)
            )
            keeps_width = channels == chosen.width
            blocks.append(block_plan(slot, chosen.width, sizes, keeps_width))
            channels = chosen.width
    return Plan(
        resolution=arch.resolution,
        stem_width=arch.stem_width,
        stem_stride=space.stem.stride_at(arch.resolution),
        head_width=head_width(space, channels),
        feature_width=arch.feature_width,
        blocks=tuple(blocks),
    )


def encode(space: SearchSpace, arch: Arch) -> np.ndarray:
    """The sizes of a subnet as one int32 vector, the form in which an Arch enters the graph.

    Returns:
        [resolution, stem width, stem stride, head width, feature width], then for every slot
        whether it is active, its width and the sizes of its family; all zeros where it is not.
    """
    plan = make_plan(space, arch)
    blocks = {(block.stage, block.index): block for block in plan.blocks}
    vector = [getattr(plan, name) for name in HEADER]
    for slot in slots(space):
        block = blocks.get((slot.number, slot.index))
        sizes = (1, block.width, *block.sizes.values()) if block else [0] * len(slot.fields)
        vector += sizes
    return np.array(vector, np.int32)


def vector_length(space: SearchSpace) -> int:
    """Length of the encoded vector."""
    return len(HEADER) + sum(len(slot.fields) for slot in slots(space))


def head_width(space: SearchSpace, channels: int) -> int:
    """Channels of the convolution before the pooling; 0 where the space has none."""
    return make_divisible(channels * space.head.expand) if space.head.expand else 0


def block_plan(slot: Slot, width: Size, sizes: dict[str, Size], keeps_width: Truth) -> BlockPlan:
    """The block at a place, of these sizes."""
    return BlockPlan(
        slot.number, slot.index, slot.stage.block, slot.stride, width, sizes, keeps_width
    )
