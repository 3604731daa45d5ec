"""A Keras model as a `tf_keras` model of the same outputs, with every batch norm folded away.

TFMOT quantises `tf_keras` models only. Folding batch norms first (Krishnamoorthi, arXiv 1806.08342,
section 3.2) makes the kernels that are trained the very kernels that the int8 model stores, one
scale a channel, and freezes the statistics.
"""

from types import ModuleType
from typing import Any

import numpy as np

from tflite_export.common.errors import ExportError

# Settings that make a layer what it is; the others concern training or initial weights.
_KERNEL = ("strides", "padding", "dilation_rate")
_SETTINGS = {
    "Conv2D": ("filters", "kernel_size", *_KERNEL),
    "DepthwiseConv2D": ("kernel_size", "depth_multiplier", *_KERNEL),
    "Dense": ("units",),
    "ReLU": ("max_value", "negative_slope", "threshold"),
    "Softmax": ("axis",),
    "Add": (),
    "AveragePooling2D": ("pool_size", "strides", "padding"),
    "GlobalAveragePooling2D": ("keepdims",),
    "MaxPooling2D": ("pool_size", "strides", "padding"),
    "ZeroPadding2D": ("padding",),
    "Flatten": (),
    "Reshape": ("target_shape",),
}
_WEIGHTED = ("Conv2D", "DepthwiseConv2D", "Dense")
_PASSED_OVER = ("Dropout", "SpatialDropout2D", "ActivityRegularization")
_ACTIVATIONS = {"relu": {}, "relu6": {"max_value": 6.0}}

# Relative to the largest output; folding changes the order of roundings.
_TOLERANCE = 1e-3


def folded_twin(model: Any, images: np.ndarray) -> Any:
    """Builds the twin.

    Args:
        model: functional or sequential Keras 3 or `tf_keras` model of one input and one output.
        images: float32 (batch, height, width, channels) on which outputs have to be equal.

    Returns:
        A functional `tf_keras` model whose first layer after the input, "image_quantizer", passes
        the image on, and whose every activation function is a layer.

    Raises:
        ExportError: if the model has a layer that quantisation-aware training does not know.
    """
    import tf_keras  # Slow to import, and needed for this alone.

    builder = _Builder(tf_keras)
    twin = builder.build(model)
    expected = np.asarray(model(images, training=False))
    error = np.abs(np.asarray(twin(images)) - expected).max()
    if not error <= _TOLERANCE * np.abs(expected).max():
        raise ExportError(
            f"the model cannot be trained further: rebuilt in tf_keras its outputs differ by "
            f"{error:.2g}; choose quantization='ptq'"
        )
    return twin


class _Builder:
    """Rebuilds the layers of a model one by one."""

    def __init__(self, tf_keras: ModuleType):
        self.keras = tf_keras

    def build(self, model: Any) -> Any:
        inputs = self.keras.layers.Input(tuple(model.inputs[0].shape)[1:], name="image")
        x = self.keras.layers.Activation("linear", name="image_quantizer")(inputs)
        layers = [layer for layer in model.layers if type(layer).__name__ != "InputLayer"]
        if type(model).__name__ == "Sequential":
            for layer in layers:
                x = self.add(layer, [x])
            return self.keras.Model(inputs, x, name="twin")
        tensors = {id(model.inputs[0]): x}
        for layer in layers:
            try:
                sources = [tensors[id(source)] for source in _as_list(layer.input)]
            except (AttributeError, KeyError, ValueError) as error:
                raise _refused(layer, "is used several times") from error
            tensors[id(layer.output)] = self.add(layer, sources)
        return self.keras.Model(inputs, tensors[id(model.outputs[0])], name="twin")

    def add(self, layer: Any, inputs: list[Any]) -> Any:
        kind = type(layer).__name__
        x = inputs if len(inputs) > 1 else inputs[0]
        if kind == "BatchNormalization":
            return self.fold(layer, x)
        if kind == "Activation":
            return self.activate(layer, x)
        if kind in _SETTINGS:
            return self.copy(layer, kind, x)
        if kind in _PASSED_OVER:
            return x
        raise _refused(layer, "is not supported")

    def copy(self, layer: Any, kind: str, x: Any) -> Any:
        config = layer.get_config()
        settings = {name: config[name] for name in _SETTINGS[kind] if name in config}
        if config.get("groups", 1) != 1:
            raise _refused(layer, "has groups")
        copy = getattr(self.keras.layers, kind)(**settings, name=layer.name)
        x = copy(x)
        if kind in _WEIGHTED:
            weights = [np.asarray(weight) for weight in layer.get_weights()]
            copy.set_weights([weights[0], weights[1] if config["use_bias"] else copy.bias])
            x = self.activate(layer, x)
        return x

    def activate(self, layer: Any, x: Any) -> Any:
        name = getattr(layer.activation, "__name__", type(layer.activation).__name__)
        if name == "linear":
            return x
        if name == "softmax":
            return self.keras.layers.Softmax(name=f"{layer.name}_softmax")(x)
        if name not in _ACTIVATIONS:
            raise _refused(layer, f"has the activation {name!r}, which is not supported")
        return self.keras.layers.ReLU(**_ACTIVATIONS[name], name=f"{layer.name}_relu")(x)

    def fold(self, norm: Any, x: Any) -> Any:
        """Multiplies the kernel before a batch norm, and moves its bias, as the norm would."""
        target = x.node.layer
        if type(target).__name__ not in _WEIGHTED or target.outbound_nodes:
            raise _refused(norm, "does not follow a convolution or dense layer of its own")
        gamma, beta = (
            1.0 if weight is None else np.asarray(weight) for weight in (norm.gamma, norm.beta)
        )
        factor = gamma / np.sqrt(np.asarray(norm.moving_variance) + norm.epsilon)
        kernel, bias = target.get_weights()
        # The output channels of a depthwise kernel are its last two axes.
        shape = kernel.shape[2:] if type(target).__name__ == "DepthwiseConv2D" else (-1,)
        bias = (bias - np.asarray(norm.moving_mean)) * factor + beta
        target.set_weights([kernel * np.reshape(factor, shape), bias])
        return x


def _as_list(tensors: Any) -> list[Any]:
    return list(tensors) if isinstance(tensors, list | tuple) else [tensors]


def _refused(layer: Any, why: str) -> ExportError:
    return ExportError(
        f"quantisation-aware training: layer {layer.name!r} ({type(layer).__name__}) {why}; "
        "choose quantization='ptq'"
    )
