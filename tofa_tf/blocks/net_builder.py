"""The operations that every net is wired of; who interprets them decides what comes out.

A block says once which operations it consists of. The elastic forward pass, the static Keras net,
the graph of operators and the groups of channels are four interpreters of that one description.
"""

import abc
import copy
import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Generic, Self, TypeAlias, TypeVar, Union

if TYPE_CHECKING:
    import tensorflow as tf

    from tofa_tf.blocks.family import BlockPlan

T = TypeVar("T")
Size: TypeAlias = Union[int, "tf.Tensor"]
# Whether something holds: known now, known when the graph runs, or open (None).
Truth: TypeAlias = Union[bool, "tf.Tensor", None]

# What may stand behind a convolution or a sum.
ACTIVATIONS = ("linear", "relu", "relu6", "swish", "hard_swish", "hard_sigmoid")


@dataclasses.dataclass(frozen=True)
class Conv:
    """A convolution.

    Attributes:
        name: unique within its scope.
        filters: output channels.
        kernel: height and width of the kernel.
        stride: in both directions.
        strides: choices of the elastic layer; () where the stride is fixed.
        activation: a name of `ACTIVATIONS`, behind the batch norm.
        norm: whether there is a batch norm.
        bias: whether there is a bias.
    """

    name: str
    filters: Size
    kernel: int = 1
    stride: Size = 1
    strides: tuple[int, ...] = ()
    activation: str = "linear"
    norm: bool = True
    bias: bool = False


@dataclasses.dataclass(frozen=True)
class Depthwise:
    """A depthwise convolution with batch norm.

    Attributes:
        name: unique within its scope.
        kernel: height and width of the kernel, odd, one of `kernels`.
        kernels: choices of the elastic layer.
        stride: in both directions.
        activation: a name of `ACTIVATIONS`.
        transform: whether smaller kernels pass through learned matrices (Once-for-All).
    """

    name: str
    kernel: Size
    kernels: tuple[int, ...]
    stride: int = 1
    activation: str = "linear"
    transform: bool = False


class NetBuilder(abc.ABC, Generic[T]):
    """Interprets operations on values of type T: tensors, or whatever stands for them.

    Parts of an elastic block, layers of a static net and the weights of both are found by the
    names of the operations, with those of the scopes before them.
    """

    prefix = ""

    def scope(self, name: str) -> Self:
        """Returns this builder with `name` before the name of everything it makes."""
        inner = copy.copy(self)
        inner.prefix = f"{self.prefix}{name}_"
        return inner

    @abc.abstractmethod
    def conv(self, x: T, op: Conv) -> T:
        """A convolution, batch norm, activation."""

    @abc.abstractmethod
    def depthwise(self, x: T, op: Depthwise) -> T:
        """A depthwise convolution, batch norm, activation."""

    @abc.abstractmethod
    def pool(self, x: T, name: str) -> T:
        """The average over height and width, which become 1."""

    @abc.abstractmethod
    def shrink(self, x: T, name: str, stride: int) -> T:
        """The average over windows of stride x stride."""

    @abc.abstractmethod
    def add(self, x: T, y: T, name: str, activation: str = "linear") -> T:
        """The sum of two values of equal shape."""

    @abc.abstractmethod
    def multiply(self, x: T, gate: T, name: str) -> T:
        """Every channel of x times its gate, (batch, 1, 1, channels)."""

    @abc.abstractmethod
    def dense(self, x: T, name: str, units: int) -> T:
        """A dense layer with bias on (batch, 1, 1, channels)."""

    @abc.abstractmethod
    def channels(self, x: T) -> Size:
        """How many channels x has."""

    def choose(self, condition: Truth, if_true: Callable[[], T], if_false: Callable[[], T]) -> T:
        """One of two ways to go on."""
        return if_true() if condition else if_false()

    def block(self, x: T, plan: "BlockPlan") -> T:
        """A whole block."""
        return plan.block.wire(self.scope(plan.name), x, plan)
