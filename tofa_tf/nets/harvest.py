"""Cuts one subnet out of the supernet: weights sliced, kernel transforms folded in."""

from types import ModuleType
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tofa_tf.layers.elastic_layers import (
    ElasticBatchNormalization,
    ElasticConv2D,
    ElasticDense,
    ElasticDepthwiseConv2D,
)
from tofa_tf.layers.slicing import cut_channels, cut_vector
from tofa_tf.nets.static_net import build_static
from tofa_tf.nets.supernet import Supernet
from tofa_tf.space.arch import Arch
from tofa_tf.space.plan import make_plan


def harvest(supernet: Supernet, arch: Arch, keras_module: ModuleType = keras) -> Any:
    """Makes a subnet a model of its own.

    With equal batch norm statistics it computes what the supernet computes for that Arch; those
    statistics are the supernet's here and want recalibration (`recalibrate.py`) before use.

    Args:
        supernet: built.
        arch: the subnet.
        keras_module: `keras`, or `tf_keras` for a twin that TFMOT can quantise.

    Returns:
        A plain functional model, see `static_net.build_static`.

    Raises:
        UserError: if the Arch is not a point of the supernet's space.
    """
    model = build_static(
        supernet.space, make_plan(supernet.space, arch), supernet.num_classes, keras_module
    )
    sources = _elastic_layers(supernet)
    for layer in model.layers:
        if layer.weights:
            layer.set_weights(_cut(sources[layer.name], layer))
    return model


def _elastic_layers(supernet: Supernet) -> dict[str, keras.layers.Layer]:
    """Every elastic layer under the name that `static_net` gives its static form."""
    named: dict[str, keras.layers.Layer] = {"classifier": supernet.classifier}
    parts = [("stem", supernet.stem), ("head_conv", supernet.head_conv)]
    for slot, block in enumerate(supernet.blocks):
        name = f"block{slot}"
        named[f"{name}_depthwise"] = block.depthwise
        named[f"{name}_depthwise_bn"] = block.depthwise_bn
        parts += [(f"{name}_expand", block.expand), (f"{name}_project", block.project)]
        if block.squeeze_excite is not None:
            named[f"{name}_se_reduce"] = block.squeeze_excite.reduce
            named[f"{name}_se_expand"] = block.squeeze_excite.expand
        if block.shortcut is not None and block.shortcut.kind == "projected":
            named[f"{name}_shortcut"] = block.shortcut.projection
    for name, part in parts:
        if part is not None:
            named[f"{name}_conv"], named[f"{name}_bn"] = part.conv, part.bn
    if supernet.feature is not None:
        named["feature"] = supernet.feature
    return named


def _cut(source: keras.layers.Layer, target: Any) -> list[np.ndarray]:
    """The weights of `source` cut to the shapes of `target`, in the target's order."""
    shapes = [tuple(weight.shape) for weight in target.weights]
    if isinstance(source, ElasticBatchNormalization):
        vectors = (source.gamma, source.beta, source.moving_mean, source.moving_variance)
        return [np.asarray(cut_vector(tf.convert_to_tensor(v), shapes[0][0])) for v in vectors]
    if isinstance(source, ElasticDepthwiseConv2D):
        size, _, channels, _ = shapes[0]
        return [np.asarray(source.cut_kernel(size, channels))]
    if isinstance(source, ElasticConv2D | ElasticDense):
        kernel = cut_channels(tf.convert_to_tensor(source.kernel), *shapes[0][-2:])
        bias = [cut_vector(tf.convert_to_tensor(source.bias), s[0]) for s in shapes[1:]]
        return [np.asarray(weight) for weight in (kernel, *bias)]
    raise TypeError(f"no rule cuts a {type(source).__name__}")
