"""Faults that spoil a net in int8 and hardly in float32, planted into a small trained net.

Handwritten digits, 8 x 8 pixels, as (pixel - 8) / 8: a stem, two inverted bottlenecks and a head.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from sklearn.datasets import load_digits

_CHANNEL = 5
_EPOCHS = 15


@dataclass(frozen=True)
class Fault:
    """One planted fault.

    Attributes:
        name: what was done.
        culprits: layers of which one has to be named.
        plant: changes the trained net in place; it was built without the clips of `unclipped`.
        unclipped: layers whose ReLU6 is missing.
        representative: changes the representative inputs.
    """

    name: str
    culprits: tuple[str, ...]
    plant: Callable[[keras.Model], None] = lambda net: None
    unclipped: tuple[str, ...] = ()
    representative: Callable[[np.ndarray], np.ndarray] = lambda inputs: inputs


def digits() -> tuple[np.ndarray, np.ndarray]:
    """Returns inputs, float32 (1797, 8, 8, 1) from -1 to 1, and classes."""
    data = load_digits()
    return (data.images[..., np.newaxis].astype(np.float32) - 8) / 8, data.target


def build_net(unclipped: tuple[str, ...] = ()) -> keras.Model:
    """Returns the net without weights; `unclipped` layers have no activation at all."""
    layers = keras.layers

    def block(x: Any, name: str, layer: keras.layers.Layer, clip: bool = True) -> Any:
        x = layers.BatchNormalization(momentum=0.9, epsilon=1e-9, name=f"{name}_bn")(layer(x))
        return layers.ReLU(6.0, name=f"{name}_relu")(x) if clip and name not in unclipped else x

    def conv(name: str, filters: int, size: int = 1, strides: int = 1) -> keras.layers.Layer:
        return layers.Conv2D(filters, size, strides, padding="same", use_bias=False, name=name)

    def depthwise(name: str) -> keras.layers.Layer:
        return layers.DepthwiseConv2D(3, padding="same", use_bias=False, name=name)

    inputs = layers.Input((8, 8, 1))
    x = block(inputs, "stem", conv("stem", 16, 3, 2))
    for number in ("1", "2"):
        x = block(x, f"expand{number}", conv(f"expand{number}", 48))
        x = block(x, f"depthwise{number}", depthwise(f"depthwise{number}"))
        x = block(x, f"project{number}", conv(f"project{number}", 16), clip=False)
    x = block(x, "head", conv("head", 64))
    x = layers.Flatten()(layers.AveragePooling2D(4)(x))
    return keras.Model(inputs, layers.Dense(10, name="logits")(x))


def train_net(inputs: np.ndarray, classes: np.ndarray) -> keras.Model:
    """Returns the net trained on the first 1,200 digits."""
    keras.utils.set_random_seed(0)
    net = build_net()
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    net.compile(keras.optimizers.Adam(3e-3), loss)
    net.fit(inputs[:1200], classes[:1200], 64, _EPOCHS, verbose=0)
    return net


def planted(net: keras.Model, fault: Fault) -> keras.Model:
    """Returns a copy of the trained net with the fault in it."""
    copy = build_net(fault.unclipped)
    for layer in copy.layers:
        layer.set_weights(net.get_layer(layer.name).get_weights() if layer.weights else [])
    fault.plant(copy)
    return copy


def _scaled(layer: str, factor: float, reader: str = "") -> Callable[[keras.Model], None]:
    """Multiplies a channel behind its batch norm, and divides it in the layer that reads it."""

    def plant(net: keras.Model) -> None:
        norm = net.get_layer(f"{layer}_bn")
        for weights in (norm.gamma, norm.beta):
            weights.assign(_times(weights, factor))
        if reader:
            kernel = net.get_layer(reader).kernel
            kernel.assign(_times(kernel, 1 / factor, axis=2))

    return plant


def _shifted(layer: str, offset: float, reader: str) -> Callable[[keras.Model], None]:
    """Adds to a channel behind its batch norm, and takes it off in the batch norm of a 1 x 1."""

    def plant(net: keras.Model) -> None:
        beta = net.get_layer(f"{layer}_bn").beta
        beta.assign(np.array(beta) + offset * (np.arange(beta.shape[0]) == _CHANNEL))
        mean = net.get_layer(f"{reader}_bn").moving_mean
        kernel = np.array(net.get_layer(reader).kernel)
        mean.assign(np.array(mean) + offset * kernel[0, 0, _CHANNEL])

    return plant


def _no_variance(layer: str) -> Callable[[keras.Model], None]:
    def plant(net: keras.Model) -> None:
        variance = net.get_layer(f"{layer}_bn").moving_variance
        variance.assign(_times(variance, 1e-6))

    return plant


def _class_scaled(factor: float) -> Callable[[keras.Model], None]:
    def plant(net: keras.Model) -> None:
        logits = net.get_layer("logits")
        for weights in (logits.kernel, logits.bias):
            weights.assign(_times(weights, factor))

    return plant


def _times(weights: object, factor: float, axis: int = -1) -> np.ndarray:
    values = np.array(weights)
    np.moveaxis(values, axis, -1)[..., _CHANNEL] *= factor
    return values


def _with_outlier(inputs: np.ndarray) -> np.ndarray:
    return np.concatenate([inputs, 60 * inputs[:1]])


FAULTS = (
    Fault("channel of project1 x 1000, undone in expand2", ("project1",),
          _scaled("project1", 1000, "expand2")),
    Fault("channel of project2 x 1000, undone in head", ("project2",),
          _scaled("project2", 1000, "head")),
    Fault("channel of project1 x 100, undone in expand2", ("project1",),
          _scaled("project1", 100, "expand2")),
    Fault("channel of project1 x 1000", ("project1",), _scaled("project1", 1000)),
    Fault("channel of project2 x 300", ("project2",), _scaled("project2", 300)),
    Fault("channel of project1 / 1000, undone in expand2", ("project1", "expand2"),
          _scaled("project1", 1e-3, "expand2")),
    Fault("channel of project2 / 1000, undone in head", ("project2", "head"),
          _scaled("project2", 1e-3, "head")),
    Fault("one class x 1000", ("logits",), _class_scaled(1000)),
    Fault("no ReLU6 behind expand1, channel x 1000", ("expand1",),
          _scaled("expand1", 1000), ("expand1",)),
    Fault("no ReLU6 behind head, channel x 1000", ("head",),
          _scaled("head", 1000), ("head",)),
    Fault("no ReLU6 behind stem, channel x 300", ("stem",),
          _scaled("stem", 300), ("stem",)),
    Fault("no ReLU6 behind depthwise2, channel x 1000, undone in project2", ("depthwise2",),
          _scaled("depthwise2", 1000, "project2"), ("depthwise2",)),
    Fault("batch norm of project2 with a variance near 0", ("project2",),
          _no_variance("project2")),
    Fault("channel of project1 + 1000, undone in expand2", ("project1",),
          _shifted("project1", 1000, "expand2")),
    Fault("channel of project2 + 1000, undone in head", ("project2",),
          _shifted("project2", 1000, "head")),
    Fault("representative inputs from 0 to 1", ("INPUT",),
          representative=lambda inputs: (inputs + 1) / 2),
    Fault("representative inputs from 0 to 255", ("INPUT",),
          representative=lambda inputs: (inputs + 1) * 127.5),
    Fault("representative inputs with the wrong mean", ("INPUT",),
          representative=lambda inputs: inputs + 1),
    Fault("representative inputs too dark", ("INPUT",),
          representative=lambda inputs: (inputs + 1) / 10 - 1),
    Fault("one representative input 60 times too large", ("INPUT",),
          representative=_with_outlier),
)  # fmt: skip
