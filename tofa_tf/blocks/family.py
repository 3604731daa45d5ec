"""What a block family is: the one module that says everything the project knows of a block.

A family is a frozen dataclass; its value in a search space says what may vary in the blocks of a
stage. A new family is a module with such a class and a row in `blocks.FAMILIES`.
"""

import abc
import dataclasses
import typing
from collections.abc import Mapping
from typing import Any, ClassVar

from tflite_export.common.errors import TofaError
from tflite_export.common.json_data import from_json, shown
from tofa_tf.blocks.net_builder import ACTIVATIONS, NetBuilder, Size, T, Truth
from tofa_tf.common.errors import UserError

# Of widths, ratios, kernels and pixels: no net has larger ones, and sizes stay numbers.
MOST = 1 << 16


@dataclasses.dataclass(frozen=True)
class BlockPlan:
    """One block worked out: concrete sizes, or tensors while the supernet's graph runs.

    Attributes:
        stage: number of its stage, from 1.
        index: its place in the stage, from 0.
        block: the family and its options.
        stride: of the block.
        width: channels that leave.
        sizes: the family's own sizes, one for each name of its `SIZES`.
        keeps_width: whether as many channels enter as leave.
    """

    stage: int
    index: int
    block: "Block"
    stride: int
    width: Size
    sizes: Mapping[str, Size]
    keeps_width: Truth

    @property
    def name(self) -> str:
        """Name of its scope: equal in supernet and static net."""
        return f"stage{self.stage}_block{self.index}"

    @property
    def keeps_shape(self) -> Truth:
        """Whether input and output have the same shape."""
        return False if self.stride > 1 else self.keeps_width


@dataclasses.dataclass(frozen=True)
class Block(abc.ABC):
    """Base of all block families.

    Attributes:
        FAMILY: name of the family in JSON and in files.
        SIZES: names of the sizes that a concrete block has beside its width.
    """

    FAMILY: ClassVar[str]
    SIZES: ClassVar[tuple[str, ...]]

    @abc.abstractmethod
    def choices(self) -> dict[str, tuple[Any, ...]]:
        """What is chosen for every block: the values allowed, by name."""

    @abc.abstractmethod
    def sizes(
        self, in_channels: int, width: int, index: int, chosen: Mapping[str, Any]
    ) -> dict[str, int]:
        """Works out the sizes of a block.

        Args:
            in_channels: channels that enter.
            width: channels that leave.
            index: place in the stage, from 0.
            chosen: a value for every name of `choices`.

        Returns:
            A number for every name of `SIZES`; none shrinks where an argument grows.
        """

    @abc.abstractmethod
    def wire(self, net: NetBuilder[T], x: T, plan: BlockPlan) -> T:
        """Says of which operations the block consists: the only description there is."""

    def to_json(self) -> dict[str, Any]:
        """Returns the name of the family and its options, as plain JSON data."""
        options = {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in dataclasses.asdict(self).items()
        }
        return {"family": self.FAMILY, **options}

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> "Block":
        """Reads what `to_json` wrote, of whatever family.

        Raises:
            UserError: if the family or an option is unknown, or an option is of another type.
        """
        # The table imports the families, and these this module.
        from tofa_tf.blocks import FAMILIES

        if not isinstance(data, Mapping):
            raise UserError(f"the block is {shown(data)}; wanted a family and its options")
        options = dict(data)
        name = options.pop("family", None)
        # A list or an object cannot be looked up.
        if not isinstance(name, str) or name not in FAMILIES:
            raise UserError(f"unknown block family {shown(name)}; available: {', '.join(FAMILIES)}")
        try:
            return FAMILIES[name](**_checked(FAMILIES[name], options))
        except (TofaError, TypeError) as error:
            raise UserError(f"block {name}: {error}") from error

    def check(self, depth: int) -> None:
        """Raises a `UserError` if the options do not fit a stage of at most `depth` blocks."""
        for name, values in self.choices().items():
            if not values or len(set(values)) < len(values):
                raise UserError(f"{name} {values}: at least one choice, each once")
            numbers = (value for value in values if not isinstance(value, bool | str))
            if not all(0 < number <= MOST for number in numbers):
                raise UserError(f"{name} {values}: every number must be above 0, at most {MOST}")

    def only(self, index: int, chosen: Mapping[str, Any]) -> "Block":
        """The same family with nothing left to choose.

        Args:
            index: place in the stage, from 0.
            chosen: a value for every name of `choices`, whose field has that name and an s.
        """
        return dataclasses.replace(self, **{f"{name}s": (value,) for name, value in chosen.items()})

    def largest(self) -> dict[str, Any]:
        """The largest value of every choice."""
        return {name: max(values) for name, values in self.choices().items()}


def _checked(family: type[Block], options: Mapping[str, Any]) -> dict[str, Any]:
    """The options as their annotations want them; unknown ones are left to the constructor."""
    annotations = typing.get_type_hints(family)
    known = {field.name for field in dataclasses.fields(family)}
    return {
        name: from_json(annotations[name], value, name) if name in known else value
        for name, value in options.items()
    }


def make_divisible(value: float, divisor: int = 8) -> int:
    """The multiple of `divisor` nearest to `value`, never more than 10 % below it.

    Source: the rounding rule of MobileNetV2 and its descendants (Once-for-All, AttentiveNAS).
    """
    rounded = max(divisor, int(value + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * value else rounded


def check_activation(activation: str) -> None:
    """Raises a `UserError` unless the name is one of `ACTIVATIONS`."""
    if activation not in ACTIVATIONS:
        raise UserError(f"unknown activation {activation!r}; one of {', '.join(ACTIVATIONS)}")


def check_kernels(kernels: tuple[int, ...]) -> None:
    """Raises a `UserError` unless all kernel sizes are odd."""
    for kernel in kernels:
        if kernel < 1 or kernel % 2 == 0:
            raise UserError(f"kernel size {kernel}: odd sizes only, which have a centre")
