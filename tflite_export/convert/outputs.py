"""Runs Keras models over many images."""

from typing import Any

import numpy as np

_BATCH = 256


def outputs_of(model: Any, images: np.ndarray) -> np.ndarray:
    """Returns what a model says, in inference, (batch, classes).

    Args:
        model: Keras 3 or `tf_keras` model.
        images: float32 (batch, height, width, channels), normalised.
    """
    # Not model.predict: tracing it costs more than running a few hundred images without.
    batches = np.array_split(images, -(-len(images) // _BATCH))
    return np.concatenate([np.asarray(model(batch, training=False)) for batch in batches])
