"""Batch norm statistics of a harvested subnet, measured anew on training images.

A supernet's moving statistics fit none of its subnets, for each of them sees other activations
(slimmable networks, arXiv 1812.08928; Once-for-All, 1908.09791).
"""

from typing import Any

import numpy as np
import tensorflow as tf


def recalibrate(model: Any, images: np.ndarray) -> None:
    """Sets the moving statistics of every batch norm to those of one batch.

    Keras 3 keeps the biased variance, the fused kernel of `tf_keras` the unbiased one.

    Args:
        model: a Keras 3 or `tf_keras` model; changed in place.
        images: (batch, height, width, 3), normalised; a few hundred weakly augmented ones.
    """
    norms = [layer for layer in model.layers if type(layer).__name__ == "BatchNormalization"]
    momenta = [norm.momentum for norm in norms]
    try:
        # A momentum of 0 keeps nothing of the old statistics.
        for norm in norms:
            norm.momentum = 0.0
        _pass(model, images)
    finally:
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum


def _pass(model: Any, images: np.ndarray) -> None:
    """Runs a model as in training, as a graph: eagerly it keeps what every layer gives."""
    batch = tf.constant(images)

    @tf.function(autograph=False)
    def run(batch: tf.Tensor) -> None:
        model(batch, training=True)

    # Called as it is, a function for every model would be taken for one that is traced too often.
    run.get_concrete_function(batch)(batch)
