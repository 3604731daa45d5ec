"""How much memory a chain of operators needs for its tensors, as TFLite Micro plans it.

TFLite Micro's greedy planner places the largest tensor first and each next one in the lowest gap
that is free for its whole life. Gaps can stay unused, so the plan may be larger than the largest
sum of tensors alive at one time; only playing the same rule gives the same number.
"""

import dataclasses
from collections.abc import Sequence

# Tensors of the arena start at multiples of this many bytes.
_ALIGNMENT_BYTES = 16


@dataclasses.dataclass(frozen=True)
class Tensor:
    """A buffer and its life, both ends included.

    Attributes:
        size_bytes: of the data.
        first: operator that writes it; 0 for what is there before the first one.
        last: operator that reads it last.
    """

    size_bytes: int
    first: int
    last: int


def planned_bytes(tensors: Sequence[Tensor]) -> int:
    """Returns the size of TFLite Micro's plan for these tensors.

    Args:
        tensors: in the order in which they are written; of equal sizes the last is placed first.

    Source: GreedyMemoryPlanner of TFLite Micro.
    """
    placed: list[tuple[int, int, Tensor]] = []
    sizes = [_aligned(tensor.size_bytes) for tensor in tensors]
    for index in sorted(range(len(tensors)), key=lambda i: (-sizes[i], -i)):
        tensor, size, start = tensors[index], sizes[index], 0
        for other_start, other_end, other in placed:
            if other.first > tensor.last or tensor.first > other.last:
                continue
            if other_start - start >= size:
                break
            start = max(start, other_end)
        placed.append((start, start + size, tensor))
        placed.sort(key=lambda place: place[0])
    return max(end for _, end, _ in placed)


def _aligned(size_bytes: int) -> int:
    return -(-size_bytes // _ALIGNMENT_BYTES) * _ALIGNMENT_BYTES
