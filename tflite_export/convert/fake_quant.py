"""What an int8 model computes, as a `tf_keras` model that can be trained, made of TFMOT's wrappers.

TFMOT's default scheme would train another model than the one that is deployed: it rounds kernels
before batch norm is folded into them, gives a depthwise kernel one scale for all channels, begins
with activations from -6 to 6, which thousands of steps would have to correct, and gives pooling a
range of its own, which costs a QUANTIZE. Here kernels of convolutions have one scale a channel (a
dense layer's has one in all, see `convert.py`), ranges are measured beforehand as in post-training
quantisation, and pooling keeps the range of its input.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf
import tf_keras

from tflite_export.convert.tfmot import FixedQuantizer, QuantizeConfig, Quantizer, QuantizeWrapperV2

Ranges = Mapping[str, tuple[float, float]]

# Name of the kernel, and the axes over which one scale extends.
_KERNELS = {
    "Conv2D": ("kernel", (0, 1, 2)),
    "DepthwiseConv2D": ("depthwise_kernel", (0, 1)),
    "Dense": ("kernel", (0, 1)),
}
_MEANS = ("AveragePooling2D", "GlobalAveragePooling2D")
_SAME_RANGE = (*_MEANS, "MaxPooling2D", "ZeroPadding2D", "Flatten", "Reshape")
# TFLite takes a ReLU into the op before, so that nothing is rounded in between.
_FUSED_BEFORE_RELU = (*_KERNELS, "Add")
# TFLite prescribes scale 1/256 for the int8 output of a softmax.
_SOFTMAX_RANGE = (0.0, 255.0 / 256.0)

_BATCH = 32


def measure_ranges(twin: Any, images: np.ndarray) -> dict[str, tuple[float, float]]:
    """Returns (least, largest) output of every layer at whose end an int8 model rounds.

    Args:
        twin: see `folded_twin`.
        images: float32 (batch, height, width, channels).
    """
    layers = [layer for layer in twin.layers[1:] if _is_measured(layer)]
    probe = tf_keras.Model(twin.inputs, [layer.output for layer in layers])
    low, high = np.zeros(len(layers)), np.zeros(len(layers))  # 0 has to be in every range.
    for start in range(0, len(images), _BATCH):
        outputs = tf.nest.flatten(probe(images[start : start + _BATCH]))
        low = np.minimum(low, [np.min(output) for output in outputs])
        high = np.maximum(high, [np.max(output) for output in outputs])
    ranges = {
        layer.name: (float(a), float(b)) for layer, a, b in zip(layers, low, high, strict=True)
    }
    for layer in twin.layers[1:]:
        if _kind(layer) == "Softmax":
            ranges[layer.name] = _SOFTMAX_RANGE
        if _kind(layer) in _SAME_RANGE:
            ranges[layer.name] = ranges[layer.inbound_nodes[0].inbound_layers.name]
    return ranges


def with_fake_quant(twin: Any, ranges: Ranges) -> Any:
    """Returns a copy of the model that rounds wherever its int8 model does.

    Kernels are rounded in training alone: `round_kernels` makes that last, and the converter then
    finds in each channel the scale that was trained with.

    Args:
        twin: see `folded_twin`.
        ranges: of its activations, see `measure_ranges`.
    """

    def wrap(layer: Any) -> Any:
        copy = type(layer).from_config(layer.get_config())
        kernel, axes = _KERNELS.get(_kind(layer), (None, None))
        rounds = kernel or _kind(layer) in _MEANS or _kind(layer) not in _SAME_RANGE
        output = ranges.get(layer.name) if rounds else None
        if not kernel and not output:
            return copy
        return QuantizeWrapperV2(copy, _Rounding(kernel, axes, output), name=layer.name)

    model = tf_keras.models.clone_model(twin, clone_function=wrap)
    for layer in twin.layers:
        if layer.weights:
            targets = _by_rank(model.get_layer(layer.name))
            for target, source in zip(targets, _by_rank(layer), strict=True):
                target.assign(source)
    return model


def round_kernels(model: Any) -> None:
    """Rounds the kernels of a model made by `with_fake_quant` to what int8 can hold, in place."""
    for layer in model.layers:
        if isinstance(layer, QuantizeWrapperV2) and _kind(layer.layer) in _KERNELS:
            kernel, _ = _by_rank(layer)
            kernel.assign(_rounded(kernel, _KERNELS[_kind(layer.layer)][1]))


class _KernelQuantizer(Quantizer):
    """Rounds each channel to 127 steps either way, as the converter does; gradients pass."""

    def __init__(self, axes: tuple[int, ...]):
        self.axes = axes

    def build(self, tensor_shape: Any, name: str, layer: Any) -> dict[str, Any]:
        return {}

    def __call__(self, inputs: Any, training: bool, weights: Any, **kwargs: Any) -> Any:
        # The converter refuses per-channel fake quantisation before a Dense layer's transposition,
        # and needs none: it rounds constants by itself.
        if not training:
            return inputs
        return inputs + tf.stop_gradient(_rounded(inputs, self.axes) - inputs)

    def get_config(self) -> dict[str, Any]:
        return {"axes": self.axes}


class _Rounding(QuantizeConfig):
    """Where one layer rounds: its kernel, its output, or both."""

    def __init__(
        self,
        kernel: str | None,
        axes: tuple[int, ...] | None,
        output: tuple[float, float] | None,
    ):
        self.kernel, self.axes, self.output = kernel, axes, output

    def get_weights_and_quantizers(self, layer: Any) -> list[tuple[Any, Quantizer]]:
        if not self.kernel or not self.axes:
            return []
        return [(getattr(layer, self.kernel), _KernelQuantizer(self.axes))]

    def get_activations_and_quantizers(self, layer: Any) -> list[tuple[Any, Quantizer]]:
        return []

    def set_quantize_weights(self, layer: Any, quantize_weights: list[Any]) -> None:
        for kernel in quantize_weights:
            setattr(layer, str(self.kernel), kernel)

    def set_quantize_activations(self, layer: Any, quantize_activations: list[Any]) -> None:
        pass

    def get_output_quantizers(self, layer: Any) -> list[Quantizer]:
        return [FixedQuantizer(8, *self.output, narrow_range=False)] if self.output else []

    def get_config(self) -> dict[str, Any]:
        return {"kernel": self.kernel, "axes": self.axes, "output": self.output}


def _rounded(kernel: Any, axes: tuple[int, ...]) -> Any:
    largest = tf.reduce_max(tf.abs(kernel), axes, keepdims=True)
    step = tf.where(largest > 0.0, largest / 127.0, 1.0)
    return tf.round(kernel / step) * step


def _is_measured(layer: Any) -> bool:
    followers = [_kind(node.outbound_layer) for node in layer.outbound_nodes]
    is_fused = _kind(layer) in _FUSED_BEFORE_RELU and followers == ["ReLU"]
    return not is_fused and _kind(layer) not in (*_SAME_RANGE, "Softmax")


def _by_rank(layer: Any) -> list[Any]:
    """Kernel and bias; a wrapper has them in the order in which they were found."""
    return sorted(layer.trainable_weights, key=lambda weight: -len(weight.shape))


def _kind(layer: Any) -> str:
    return type(layer).__name__
