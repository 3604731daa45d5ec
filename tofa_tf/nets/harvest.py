"""Cuts one subnet out of the supernet: weights sliced, kernel transforms folded in."""

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


def harvest(supernet: Supernet, arch: Arch) -> keras.Model:
    """Makes a subnet a model of its own.

    With equal batch norm statistics it computes what the supernet computes for that Arch; those
    statistics are the supernet's here and want recalibration (`recalibrate.py`) before use.

    Args:
        supernet: built.
        arch: the subnet.

    Returns:
        A plain functional model, see `static_net.build_static`.

    Raises:
        UserError: if the Arch is not a point of the supernet's space.
    """
    space = supernet.space
    plan = make_plan(space, arch)
    model = build_static(space, plan, supernet.num_classes, supernet.channels)
    for layer in model.layers:
        if layer.weights:
            layer.set_weights(_cut(elastic_source(supernet, layer.name), layer))
    return model


def elastic_source(supernet: Supernet, name: str) -> keras.layers.Layer:
    """The elastic layer whose weights a layer of the static net is cut from.

    Args:
        name: of the static layer.
    """
    for suffix in ("conv", "bn"):
        if name.endswith(f"_{suffix}"):
            return getattr(supernet.part(name.removesuffix(f"_{suffix}")), suffix)
    return supernet.part(name)


def _cut(source: keras.layers.Layer, target: keras.layers.Layer) -> list[np.ndarray]:
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
