"""Runs Keras models over many inputs."""

from typing import Any

import numpy as np

# A net run eagerly keeps what every layer gives for all inputs of a batch.
_BATCH = 64


def outputs_of(model: Any, inputs: np.ndarray) -> np.ndarray:
    """Returns what a model says, in inference, (batch, ..., columns).

    Args:
        model: Keras 3 or `tf_keras` model.
        inputs: float32 (batch, *shape of the input), normalised.
    """
    # Not model.predict: tracing it costs more than running a few hundred without.
    batches = np.array_split(inputs, -(-len(inputs) // _BATCH))
    return np.concatenate([np.asarray(model(batch, training=False)) for batch in batches])
