"""A subnet's sizes as the supernet's graph reads them: numbers where known, tensors where open."""

import itertools

import tensorflow as tf

from tofa_tf.space.plan import HEADER, Plan, Slot, block_plan, head_width, slots, vector_length
from tofa_tf.space.search_space import SearchSpace


def decode(space: SearchSpace, vector: tf.Tensor) -> Plan:
    """Reads the vector within the supernet's graph.

    What is the same for all subnets of the space is a number, all else a tensor: the more a graph
    knows, the smaller and faster it is.
    """
    values = iter(tf.unstack(vector, num=vector_length(space)))
    header = {name: next(values) for name in HEADER} | _shared_header(space)
    blocks, active = [], []
    for slot in slots(space):
        is_active, *others = (next(values) for _ in slot.fields)
        sizes = dict(zip(slot.fields[1:], others, strict=True)) | _shared_sizes(slot)
        width = sizes.pop("width")
        # The elastic block compares widths itself, where that is open.
        blocks.append(block_plan(slot, width, sizes, slot.keeps_width))
        active.append(tf.cast(is_active, tf.bool) if slot.optional else True)
    return Plan(**header, blocks=tuple(blocks), active=tuple(active))


def _shared_header(space: SearchSpace) -> dict[str, int]:
    """What of the header is the same for all subnets."""
    choices = {
        "resolution": space.resolutions,
        "stem_width": space.stem.widths,
        "stem_stride": space.stem.strides(space.resolutions),
        "head_width": [head_width(space, width) for width in space.stages[-1].widths],
        "feature_width": space.head.feature_widths,
    }
    return {name: found[0] for name, found in choices.items() if len(set(found)) == 1}


def _shared_sizes(slot: Slot) -> dict[str, int]:
    """Which sizes of a block are the same in all subnets that have it."""
    block, choices = slot.stage.block, slot.stage.block.choices()
    found: dict[str, set[int]] = {"width": set(slot.stage.widths)}
    for in_channels, width, *chosen in itertools.product(
        slot.in_widths, slot.stage.widths, *choices.values()
    ):
        sizes = block.sizes(in_channels, width, slot.index, dict(zip(choices, chosen, strict=True)))
        for name, size in sizes.items():
            found.setdefault(name, set()).add(size)
    return {name: sizes.pop() for name, sizes in found.items() if len(sizes) == 1}
