"""One subnet: a point of a search space, as plain, immutable data."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from tofa_tf.common.errors import UserError


@dataclasses.dataclass(frozen=True)
class StageArch:
    """What was chosen for one stage.

    Attributes:
        width: output channels of every block of the stage.
        kernels: depthwise kernel size of each active block; its length is the stage's depth.
        expands: expand ratio of each active block, as many as `kernels`.
    """

    width: int
    kernels: tuple[int, ...]
    expands: tuple[float, ...]

    @property
    def depth(self) -> int:
        return len(self.kernels)


@dataclasses.dataclass(frozen=True)
class Arch:
    """One subnet of a search space; hashable, and the same in JSON.

    Attributes:
        resolution: height and width of the images it sees, in pixels.
        stem_width: output channels of the stem convolution.
        stages: one entry per stage of the space.
        feature_width: channels of the feature layer behind the pooling; 0 where the space has none.
    """

    resolution: int
    stem_width: int
    stages: tuple[StageArch, ...]
    feature_width: int = 0

    def to_json(self) -> dict[str, Any]:
        """Returns the Arch as plain dicts, lists and numbers."""
        return dataclasses.asdict(self)

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> "Arch":
        """Reads what `to_json` wrote.

        Raises:
            UserError: if a field is missing or unknown, or the data has another form.
        """
        try:
            fields = dict(data)
            stages = tuple(
                StageArch(
                    width=int(stage["width"]),
                    kernels=tuple(int(k) for k in stage["kernels"]),
                    expands=tuple(stage["expands"]),
                )
                for stage in fields.pop("stages")
            )
            return Arch(stages=stages, **fields)
        except (KeyError, TypeError, ValueError) as error:
            raise UserError(
                f"not an Arch ({error}); wanted: resolution, stem_width, feature_width and stages, "
                "each stage with width, kernels, expands"
            ) from error
