"""One subnet: a point of a search space, as plain, immutable data."""

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

from tofa_tf.common.errors import UserError


@dataclasses.dataclass(frozen=True)
class StageArch:
    """What was chosen for one stage.

    Attributes:
        width: output channels of every block of the stage.
        depth: active blocks, always the first ones.
        choices: of the block family: for each a name and a value for every active block.
    """

    width: int
    depth: int
    choices: tuple[tuple[str, tuple[Any, ...]], ...] = ()

    @staticmethod
    def make(width: int, depth: int, choices: Mapping[str, Iterable[Any]]) -> "StageArch":
        """Makes one of a mapping such as {"kernel": (3, 5), "expand": (3, 4)}."""
        return StageArch(
            width, depth, tuple((name, tuple(values)) for name, values in choices.items())
        )

    def of_block(self, index: int) -> dict[str, Any]:
        """What was chosen for the block at a place from 0."""
        return {name: values[index] for name, values in self.choices}

    def to_json(self) -> dict[str, Any]:
        """Returns {"width": 16, "depth": 2, "kernel": [3, 5], ...}."""
        choices = {name: list(values) for name, values in self.choices}
        return {"width": self.width, "depth": self.depth, **choices}

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> "StageArch":
        """Reads what `to_json` wrote.

        Raises:
            KeyError, TypeError, ValueError: if width or depth is missing or no whole number, or
                the data has another form.
        """
        choices = dict(data)
        width, depth = (_whole(name, choices.pop(name)) for name in ("width", "depth"))
        return StageArch.make(width, depth, choices)


@dataclasses.dataclass(frozen=True)
class Arch:
    """One subnet of a search space; hashable, and the same in JSON.

    Attributes:
        space: name of the search space.
        resolution: height and width of the images it sees, in pixels.
        stem_width: output channels of the stem convolution.
        stages: one entry per stage of the space.
        feature_width: channels of the feature layer behind the pooling; 0 where the space has none.
    """

    space: str
    resolution: int
    stem_width: int
    stages: tuple[StageArch, ...]
    feature_width: int = 0

    def to_json(self) -> dict[str, Any]:
        """Returns the Arch as plain dicts, lists and numbers."""
        return {
            "space": self.space,
            "resolution": self.resolution,
            "stem_width": self.stem_width,
            "stages": [stage.to_json() for stage in self.stages],
            "feature_width": self.feature_width,
        }

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> "Arch":
        """Reads what `to_json` wrote.

        Raises:
            UserError: if a field is missing or unknown, or the data has another form.
        """
        try:
            fields = dict(data)
            stages = tuple(StageArch.from_json(stage) for stage in fields.pop("stages"))
            space = fields.pop("space")
            sizes = {name: _whole(name, value) for name, value in fields.items()}
            return Arch(space, stages=stages, **sizes)
        except (KeyError, TypeError, ValueError) as error:
            raise UserError(
                f"not an Arch ({error}); wanted: space, resolution, stem_width, feature_width and "
                "stages, each with width, depth and a list for every choice of its blocks"
            ) from error


def _whole(name: str, value: Any) -> int:
    # Logs hold many of these: no more is checked than would otherwise be taken for another number.
    if type(value) is not int:
        raise TypeError(f"{name} is {value!r}; wanted a whole number")
    return value
