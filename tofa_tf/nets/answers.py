"""What a net answers to many images."""

import keras
import numpy as np

# A net run eagerly keeps what every layer gives for all images of a batch.
_BATCH = 50


def answers(model: keras.Model, images: np.ndarray) -> np.ndarray:
    """Returns the class that a net gives each image, (n,).

    Args:
        model: float.
        images: float32 (n, height, width, channels), normalised.
    """
    parts = (images[start : start + _BATCH] for start in range(0, len(images), _BATCH))
    return np.concatenate(
        [np.asarray(model(part, training=False)).argmax(axis=-1) for part in parts]
    )
