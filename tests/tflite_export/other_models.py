"""Small Keras models that are no classifiers of one image, and inputs for them."""

import keras
import numpy as np

layers = keras.layers


def conv1d(kind: str = "plain", end: str = "mean", activation: str | None = None) -> keras.Model:
    """Returns a net of windows (64 steps, 3 sensors) with 5 outputs.

    Args:
        kind: "plain", "dilated", "causal", "depthwise", "separable" or "residual" convolutions.
        end: "mean" or "max" over all steps, or "flatten".
        activation: of the outputs.
    """
    keras.utils.set_random_seed(0)
    inputs = layers.Input((64, 3))
    x = layers.Conv1D(16, 5, strides=2, padding="same", activation="relu")(inputs)
    x = layers.BatchNormalization()(x)
    if kind == "plain":
        x = layers.MaxPooling1D(2)(layers.Conv1D(24, 3, activation="relu")(x))
    elif kind in ("dilated", "causal"):
        options = {"dilation_rate": 2} if kind == "dilated" else {}
        padding = "same" if kind == "dilated" else "causal"
        x = layers.Conv1D(24, 3, padding=padding, activation="relu", **options)(x)
    elif kind == "depthwise":
        x = layers.ReLU(6.0)(layers.DepthwiseConv1D(3, padding="same")(x))
    elif kind == "separable":
        x = layers.SeparableConv1D(24, 3, activation="relu")(x)
    elif kind == "residual":
        x = layers.Add()([x, layers.Conv1D(16, 3, padding="same")(x)])
    x = layers.AveragePooling1D(2)(x)
    ends = {"mean": layers.GlobalAveragePooling1D, "max": layers.GlobalMaxPooling1D}
    x = ends.get(end, layers.Flatten)()(x)
    return keras.Model(inputs, layers.Dense(5, activation=activation)(x))


def dense(outputs: int, activation: str | None = None, inputs: int = 40) -> keras.Model:
    """Returns a net of vectors."""
    keras.utils.set_random_seed(0)
    vector = layers.Input((inputs,))
    x = layers.BatchNormalization()(layers.Dense(32, activation="relu")(vector))
    x = layers.Dense(16, activation="relu")(x)
    return keras.Model(vector, layers.Dense(outputs, activation=activation)(x))


def segmentation(transposed: bool) -> keras.Model:
    """Returns a net of images (16, 16, 3) with 4 classes for each pixel."""
    keras.utils.set_random_seed(0)
    inputs = layers.Input((16, 16, 3))
    x = layers.Conv2D(8, 3, strides=2, padding="same", activation="relu")(inputs)
    if transposed:
        return keras.Model(inputs, layers.Conv2DTranspose(4, 3, strides=2, padding="same")(x))
    x = layers.UpSampling2D(2, interpolation="bilinear")(x)
    return keras.Model(inputs, layers.Conv2D(4, 1, activation="softmax")(x))


def random_inputs(model: keras.Model, count: int = 40, seed: int = 0) -> np.ndarray:
    """Returns normal float32 (count, *shape of the model's input)."""
    shape = (count, *model.inputs[0].shape[1:])
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)
