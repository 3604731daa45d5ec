"""Which tensor of a PyTorch checkpoint belongs to which weight of a supernet.

Once-for-All and AttentiveNAS name the parts of a block alike; what differs, and how others name
theirs, is in their modules.
"""

import dataclasses
from collections.abc import Callable, Iterator

import keras
import numpy as np

from tofa_tf.blocks.elastic_block import ElasticBlock
from tofa_tf.layers.conv_norm import ElasticConvNorm
from tofa_tf.layers.elastic_layers import (
    ElasticBatchNormalization,
    ElasticConv2D,
    ElasticDense,
    ElasticDepthwiseConv2D,
)
from tofa_tf.nets.supernet import Supernet

# From the order of axes in PyTorch to the order in Keras.
_CONV = (2, 3, 1, 0)
_DEPTHWISE = (2, 3, 0, 1)
_DENSE = (1, 0)


@dataclasses.dataclass(frozen=True)
class Entry:
    """One tensor of a checkpoint.

    Attributes:
        key: its name, as `state_dict.canonical_key` writes it.
        variable: the weight it becomes; None for a tensor that no subnet uses.
        axes: axes of the tensor in the order of the weight; None where the order is the same.
    """

    key: str
    variable: keras.Variable | None
    axes: tuple[int, ...] | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the tensor in the checkpoint; () of one that no subnet uses."""
        shape = () if self.variable is None else tuple(self.variable.shape)
        return (
            shape
            if self.axes is None
            else tuple(shape[self.axes.index(i)] for i in range(len(shape)))
        )

    def to_keras(self, tensor: np.ndarray) -> np.ndarray:
        """Reorders the axes of the checkpoint's tensor."""
        return tensor if self.axes is None else np.transpose(tensor, self.axes)


@dataclasses.dataclass(frozen=True)
class CheckpointKind:
    """A kind of checkpoint.

    Attributes:
        space: name of the search space whose supernet it holds.
        licence: what its authors allow.
        classifier: name of the classifier in the checkpoint.
        layout: lists every tensor for a supernet of that space.
    """

    space: str
    licence: str
    classifier: str
    layout: Callable[[Supernet], Iterator[Entry]]


def conv(key: str, layer: ElasticConv2D) -> Iterator[Entry]:
    """A convolution."""
    yield Entry(f"{key}.weight", layer.kernel, _CONV)
    if layer.use_bias:
        yield Entry(f"{key}.bias", layer.bias)


def dense(key: str, layer: ElasticDense) -> Iterator[Entry]:
    """A linear layer."""
    yield Entry(f"{key}.weight", layer.kernel, _DENSE)
    yield Entry(f"{key}.bias", layer.bias)


def conv_block(key: str, block: ElasticConvNorm, elastic: bool = True) -> Iterator[Entry]:
    """Convolution and batch norm; the original's elastic layers wrap a layer of the same name."""
    yield from conv(f"{key}.{_wrapped('conv', elastic)}", block.conv)
    if block.bn is not None:
        yield from batch_norm(f"{key}.{_wrapped('bn', elastic)}", block.bn)


def bottleneck(key: str, block: ElasticBlock, elastic: bool = True) -> Iterator[Entry]:
    """An inverted bottleneck without its shortcut."""
    parts = block.parts
    if "expand" in parts:
        yield from conv_block(f"{key}.inverted_bottleneck", parts["expand"], elastic)
    wrapped = f"{key}.depth_conv.{_wrapped('conv', elastic)}"
    yield from depthwise(wrapped, parts["depthwise"].conv, f"{key}.depth_conv.conv")
    yield from batch_norm(f"{key}.depth_conv.{_wrapped('bn', elastic)}", parts["depthwise"].bn)
    for name in ("reduce", "expand"):
        if f"se_{name}" in parts:
            yield from conv(f"{key}.depth_conv.se.fc.{name}", parts[f"se_{name}"].conv)
    yield from conv_block(f"{key}.point_linear", parts["project"], elastic)


def depthwise(
    key: str, layer: ElasticDepthwiseConv2D, transforms: str | None = None
) -> Iterator[Entry]:
    """A depthwise convolution; `transforms` is what the names of its matrices begin with."""
    yield Entry(f"{key}.weight", layer.kernel, _DEPTHWISE)
    sizes = sorted(layer.kernel_sizes, reverse=True)
    for larger, smaller in zip(sizes, sizes[1:], strict=False):
        if smaller in layer.transforms:
            matrix = f"{transforms or key}.{larger}to{smaller}_matrix"
            yield Entry(matrix, layer.transforms[smaller])


def batch_norm(key: str, layer: ElasticBatchNormalization) -> Iterator[Entry]:
    """Scale, offset and moving statistics."""
    yield Entry(f"{key}.weight", layer.gamma)
    yield Entry(f"{key}.bias", layer.beta)
    yield Entry(f"{key}.running_mean", layer.moving_mean)
    yield Entry(f"{key}.running_var", layer.moving_variance)


def _wrapped(name: str, elastic: bool) -> str:
    return f"{name}.{name}" if elastic else name
