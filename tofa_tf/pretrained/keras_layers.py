"""Reads the structure of a Keras MobileNetV1, V2 or V3 from its layers."""

import dataclasses
from collections.abc import Iterator

import keras
import numpy as np

from tofa_tf.common.errors import UserError


@dataclasses.dataclass(frozen=True)
class ConvNorm:
    """A convolution with its batch norm and activation, a name of `ACTIVATIONS`."""

    conv: keras.layers.Layer
    bn: keras.layers.BatchNormalization
    activation: str


@dataclasses.dataclass(frozen=True)
class Block:
    """An inverted bottleneck, or a depthwise-separable convolution, whose `project` is activated.

    Attributes:
        squeeze_excite: its two convolutions, or nothing.
    """

    expand: ConvNorm | None
    depthwise: ConvNorm
    squeeze_excite: tuple[keras.layers.Layer, ...]
    project: ConvNorm

    @property
    def separable(self) -> bool:
        return self.expand is None and self.project.activation != "linear"

    @property
    def width(self) -> int:
        return self.project.conv.filters

    @property
    def mid(self) -> int:
        return self.depthwise.conv.kernel.shape[2]

    @property
    def kernel(self) -> int:
        return self.depthwise.conv.kernel_size[0]

    @property
    def stride(self) -> int:
        return self.depthwise.conv.strides[0]


@dataclasses.dataclass(frozen=True)
class MobileNet:
    """A whole net; `feature` and `classifier` are None where the model has no top.

    Attributes:
        head: the convolution before the pooling; MobileNetV1 has none.
        resolution: height and width of the images, in pixels.
        scale, offset: what the model's own rescaling makes of a pixel; None without rescaling.
    """

    resolution: int
    scale: np.ndarray | None
    offset: np.ndarray | None
    stem: ConvNorm
    blocks: tuple[Block, ...]
    head: ConvNorm | None
    feature: keras.layers.Layer | None
    classifier: keras.layers.Layer | None


def read_mobilenet(model: keras.Model) -> MobileNet:
    """Takes a model apart.

    Raises:
        UserError: if it is built in another way than MobileNets are.
    """
    layers = list(_flat_layers(model))
    parts = _Parts(layers)
    stem = parts.conv_norm()
    blocks = []
    while parts.has_depthwise():
        blocks.append(parts.block())
    if not blocks:
        raise parts.surprise("a depthwise convolution")
    head = None if blocks[-1].separable else parts.conv_norm()
    top = parts.rest()
    if len(top) > 2:
        raise UserError(
            f"{model.name} has {len(top)} layers with weights behind its last batch norm; at most "
            "a feature layer and a classifier are understood: pass the model without its top"
        )
    scale, offset = _rescaling(layers)
    return MobileNet(
        resolution=_resolution(model),
        scale=scale,
        offset=offset,
        stem=stem,
        blocks=tuple(blocks),
        head=head,
        feature=top[0] if len(top) == 2 else None,
        classifier=top[-1] if top else None,
    )


class _Parts:
    """The layers with weights, taken one after the other."""

    _KINDS = (
        keras.layers.Conv2D,
        keras.layers.DepthwiseConv2D,
        keras.layers.BatchNormalization,
        keras.layers.Dense,
    )

    def __init__(self, layers: list[keras.layers.Layer]):
        self._next = 0
        self._layers = []
        for layer, follower in zip(layers, [*layers[1:], None], strict=True):
            if layer.weights and not isinstance(layer, self._KINDS):
                raise UserError(f"layer {layer.name} ({type(layer).__name__}) is in no MobileNet")
            if layer.weights:
                self._layers.append((layer, _activation(follower)))

    def has_depthwise(self) -> bool:
        return any(
            isinstance(layer, keras.layers.DepthwiseConv2D)
            for layer, _ in self._layers[self._next :]
        )

    def rest(self) -> list[keras.layers.Layer]:
        return [layer for layer, _ in self._layers[self._next :]]

    def conv_norm(self, kind: type = keras.layers.Conv2D) -> ConvNorm:
        conv, _ = self._take(kind)
        bn, activation = self._take(keras.layers.BatchNormalization)
        return ConvNorm(conv, bn, activation)

    def block(self) -> Block:
        expand = self.conv_norm() if self._follows(keras.layers.Conv2D) else None
        depthwise = self.conv_norm(keras.layers.DepthwiseConv2D)
        squeeze_excite = ()
        if self._follows(keras.layers.Conv2D) and self._layers[self._next][0].use_bias:
            squeeze_excite = tuple(self._take(keras.layers.Conv2D)[0] for _ in range(2))
        return Block(expand, depthwise, squeeze_excite, self.conv_norm())

    def surprise(self, wanted: str) -> UserError:
        found = self._layers[self._next][0].name if self.rest() else "the end"
        return UserError(f"not a MobileNetV1, V2 or V3: {wanted} expected, {found} found")

    def _follows(self, kind: type) -> bool:
        return bool(self.rest()) and isinstance(self.rest()[0], kind)

    def _take(self, kind: type) -> tuple[keras.layers.Layer, str]:
        if not self._follows(kind):
            raise self.surprise(kind.__name__)
        self._next += 1
        return self._layers[self._next - 1]


def _flat_layers(model: keras.Model) -> Iterator[keras.layers.Layer]:
    """All layers in the order in which they run, those of models within the model included."""
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from _flat_layers(layer)
        else:
            yield layer


def _activation(layer: keras.layers.Layer | None) -> str:
    if isinstance(layer, keras.layers.ReLU):
        return "relu" if layer.max_value is None else f"relu{layer.max_value:g}"
    if isinstance(layer, keras.layers.Activation):
        name = getattr(layer.activation, "__name__", "unknown")
        return {"hard_silu": "hard_swish", "silu": "swish"}.get(name, name)
    return "linear"


def _rescaling(layers: list[keras.layers.Layer]) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Scale and offset of all rescaling layers together."""
    rescaling = [layer for layer in layers if isinstance(layer, keras.layers.Rescaling)]
    if not rescaling:
        return None, None
    scale, offset = np.ones(3), np.zeros(3)
    for layer in rescaling:
        scale = scale * np.asarray(layer.scale)
        offset = offset * np.asarray(layer.scale) + np.asarray(layer.offset)
    return scale, offset


def _resolution(model: keras.Model) -> int:
    """Of the model's input; 224 where any size is allowed."""
    if len(model.inputs) > 1:
        raise UserError(f"{model.name} has {len(model.inputs)} inputs: one image is understood")
    _, height, width, channels = model.input_shape
    if height != width or channels != 3:
        raise UserError(f"{model.name} wants images {model.input_shape[1:]}: square RGB is needed")
    return height or 224
