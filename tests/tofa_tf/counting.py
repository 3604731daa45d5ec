"""Counts MACs and parameters over a built Keras model: the independent check of `cost.py`."""

import keras
import numpy as np


def count_macs(model: keras.Model) -> int:
    """Sums the MACs of every convolution and dense layer from its kernel and output shape."""
    total = 0
    for layer in model.layers:
        if isinstance(layer, keras.layers.DepthwiseConv2D):
            _, height, width, channels = layer.output.shape
            total += height * width * channels * int(np.prod(layer.kernel.shape[:2]))
        elif isinstance(layer, keras.layers.Conv2D):
            _, height, width, _ = layer.output.shape
            total += height * width * int(np.prod(layer.kernel.shape))
        elif isinstance(layer, keras.layers.Dense):
            total += int(np.prod(layer.kernel.shape))
    return total


def count_params(model: keras.Model) -> int:
    """Counts trainable weights."""
    return sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)
