"""Keras MobileNets with random weights, batch norm included."""

import keras
import numpy as np

SIZE = 64


def mobilenet(name: str, **options) -> keras.Model:
    """A net of `keras.applications` for images of SIZE pixels."""
    model = getattr(keras.applications, name)(
        weights=None, input_shape=(SIZE, SIZE, 3), **{"classes": 20, **options}
    )
    randomize(model)
    if name == "MobileNet":
        _liven(model)
    return model


def _liven(model: keras.Model) -> None:
    """Without shortcuts, little of an image comes through Keras' own depthwise kernels."""
    generator = np.random.default_rng(2)
    for layer in model.layers:
        if isinstance(layer, keras.layers.DepthwiseConv2D):
            layer.kernel.assign(generator.normal(scale=0.3, size=layer.kernel.shape))


def randomize(model: keras.Model) -> keras.Model:
    """Draws all that Keras starts at zero or one."""
    generator = np.random.default_rng(0)
    for weight in model.weights:
        if weight.name == "moving_variance":
            # Small enough that what the net sees is not damped away: outputs depend on the image.
            weight.assign(generator.uniform(0.05, 0.2, weight.shape))
        elif weight.name == "gamma":
            weight.assign(generator.uniform(0.6, 1.4, weight.shape))
        elif len(weight.shape) == 1:
            weight.assign(generator.normal(scale=0.2, size=weight.shape))
    return model


def pixels() -> np.ndarray:
    return np.random.default_rng(1).uniform(0, 255, (3, SIZE, SIZE, 3)).astype(np.float32)
