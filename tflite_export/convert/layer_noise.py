"""What int8 does to each layer: the noise that its weights and its activation range add.

Each operator of the int8 file stands beside the same one of a float32 file of the same model. An
activation's own noise is that of the float values rounded to the range and step that the int8 file
has for them, as if everything before were exact; so a layer that spoils the rest is told from
layers that only pass the damage on. Noise is told channel by channel: a single channel that takes
the whole range leaves the sum of all nearly untouched, and ruins every other channel.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from tflite_export.common.console import captured_stderr
from tflite_export.common.json_data import JsonRecord
from tflite_export.convert.quantization import dequantize, quantize
from tflite_export.graph.flatbuffer import read_tflite
from tflite_export.graph.operators import Op, OperatorGraph, Tensor

INPUT = "INPUT"
# More change no figure by a decibel; activations of all of them are held at once.
_MOST_INPUTS = 32
# Between integers and floats only: the float file has no such ops.
_CONVERSIONS = ("QUANTIZE", "DEQUANTIZE")
# With a kernel of weights; the axis of its output channels.
_WEIGHTED = {"CONV_2D": 0, "DEPTHWISE_CONV_2D": -1, "FULLY_CONNECTED": 0}
_NO_NOISE_DB = 120.0
_NUMBERED = re.compile(r"_\d+$")
_BULK = (0.001, 0.999)


@dataclass(frozen=True)
class LayerNoise(JsonRecord):
    """One layer in int8 beside the same in float32.

    Decibels are signal to noise, the mean over channels that carry a signal; 120 is "none".

    Attributes:
        layer: where it comes from, in the model's own names.
        op: TFLite's name; "INPUT" for the model's input.
        weight_db: of rounding the weights; None without weights.
        activation_db: of rounding the layer's output, with exact values before.
        total_db: of the int8 output against the float output: of all layers so far.
        saturated: share of the output's values beyond the range of int8.
        range_used: share of that range between the smallest and the largest value.
        bulk_used: the same without the 0.1 % of values at either end.
        channels: of the output.
        dead_channels: that are the same for all inputs, in the float model too.
        lost_channels: that vary in the float model, and are constant when rounded.
        widest_channel: whose largest value is the largest.
        channel_spread: that value over the median channel's.
        widest_input: input channel whose weights are largest; None without weights.
        weight_spread: these over the median input channel's.
        scale_spread: largest over median weight scale of the output channels.
    """

    layer: str
    op: str
    weight_db: float | None
    activation_db: float
    total_db: float
    saturated: float
    range_used: float
    bulk_used: float
    channels: int
    dead_channels: int
    lost_channels: int
    widest_channel: int
    channel_spread: float
    widest_input: int | None
    weight_spread: float | None
    scale_spread: float | None


def measure_layers(
    model: Any, tflite: bytes, float32: bytes, inputs: np.ndarray
) -> tuple[LayerNoise, ...]:
    """Returns the noise of the input and of each layer, in the order in which they run.

    Args:
        model: Keras model.
        tflite: its int8 file by `convert_both`, with the names of its tensors.
        float32: its float32 file by the same.
        inputs: float32 (batch, *shape of the input), normalised.

    Returns:
        Nothing if the converter made other ops of the float model than of the int8 one.
    """
    inputs = inputs[:: -(-len(inputs) // _MOST_INPUTS)]
    in_int8, in_float = _File(tflite), _File(float32)
    weighted, all_names = _layer_names(model, True), _layer_names(model, False)
    if [op.name for op in in_int8.ops] != [op.name for op in in_float.ops]:
        return ()
    source = in_int8.graph.inputs[0]
    ints = quantize(inputs, source.scales[0], source.zero_points[0])
    int8_values, float_values = in_int8.activations(ints), in_float.activations(inputs)
    noise = [_of_activation(source, INPUT, INPUT, inputs, _dequantized(source, ints))]
    for op, float_op in zip(in_int8.ops, in_float.ops, strict=True):
        target, float_target = op.outputs[0], float_op.outputs[0]
        if target.dtype != "int8":
            continue
        values = float_values[float_target.index]
        actual = _dequantized(target, int8_values[target.index])
        weights = _of_weights(in_int8, in_float, op, float_op)
        # Of what is fused the layer with the weights is the one to look at.
        name = _name(op, weighted if op.name in _WEIGHTED else all_names)
        noise.append(_of_activation(target, name, op.name, values, actual, weights))
    return tuple(noise)


def _dequantized(tensor: Tensor, ints: np.ndarray) -> np.ndarray:
    return dequantize(ints, tensor.scales[0], tensor.zero_points[0])


def _layer_names(model: Any, weighted: bool) -> frozenset[str]:
    """Returns the names of a model's layers, those of models within it too.

    Args:
        model: Keras model.
        weighted: only of layers with a kernel.
    """
    names: set[str] = set()
    for layer in model.layers:
        if hasattr(layer, "layers"):
            names |= _layer_names(layer, weighted)
        elif not weighted or hasattr(layer, "kernel"):
            names.add(layer.name)
    return frozenset(names)


def _name(op: Op, names: frozenset[str]) -> str:
    """Returns the layer that an op comes from, of the names allowed."""
    for tensor in (*op.outputs, *op.inputs[1:]):
        for part in (part for path in tensor.name.split(";") for part in path.split("/")):
            # Keras numbers a layer's scope on when it is traced again.
            for name in (part, _NUMBERED.sub("", part)):
                if name in names:
                    return name
    return op.origin


class _File:
    """A .tflite file that shows the values of all its tensors."""

    def __init__(self, tflite: bytes):
        self.graph: OperatorGraph = read_tflite(tflite)
        self.ops = [op for op in self.graph.ops if op.name not in _CONVERSIONS]
        with captured_stderr():
            self._interpreter = Interpreter(
                model_content=tflite,
                experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
                experimental_preserve_all_tensors=True,
            )
            self._interpreter.allocate_tensors()

    def activations(self, inputs: np.ndarray) -> dict[int, np.ndarray]:
        """Returns the output of every op by the index of its tensor, (batch, ...)."""
        runs = list(self._run(inputs))
        return {index: np.concatenate([run[index] for run in runs]) for index in runs[0]}

    def constant(self, tensor: Tensor) -> np.ndarray | None:
        """Returns the values of a constant tensor; None of an activation."""
        return self._interpreter.get_tensor(tensor.index) if tensor.data_bytes else None

    def _run(self, inputs: np.ndarray) -> Iterator[dict[int, np.ndarray]]:
        source = self.graph.inputs[0].index
        for one in inputs:
            self._interpreter.set_tensor(source, one[np.newaxis])
            self._interpreter.invoke()
            targets = [op.outputs[0].index for op in self.ops]
            yield {index: self._interpreter.get_tensor(index) for index in targets}


@dataclass(frozen=True)
class _WeightNoise:
    decibels: float
    widest_input: int
    input_spread: float
    scale_spread: float


def _of_activation(
    tensor: Tensor,
    layer: str,
    op: str,
    values: np.ndarray,
    actual: np.ndarray,
    weights: _WeightNoise | None = None,
) -> LayerNoise:
    scale, zero_point = tensor.scales[0], tensor.zero_points[0]
    exact = _by_channel(values)
    rounded = _by_channel(dequantize(quantize(values, scale, zero_point), scale, zero_point))
    low, high = (-128 - zero_point) * scale, (127 - zero_point) * scale
    beyond = (exact < low - scale / 2) | (exact > high + scale / 2)
    bulk_low, bulk_high = np.quantile(exact, _BULK)
    alive = _alive(exact)
    largest = np.abs(exact).max(axis=0)
    return LayerNoise(
        layer=layer,
        op=op,
        weight_db=weights.decibels if weights else None,
        activation_db=_decibels(exact[:, alive], rounded[:, alive]),
        total_db=_decibels(exact[:, alive], _by_channel(actual)[:, alive]),
        saturated=float(beyond.mean()),
        range_used=float(np.ptp(exact.clip(low, high)) / (high - low)),
        bulk_used=float((min(bulk_high, high) - max(bulk_low, low)) / (high - low)),
        channels=exact.shape[1],
        dead_channels=int((~alive).sum()),
        lost_channels=int((alive & (np.ptp(rounded, axis=0) == 0)).sum()),
        widest_channel=int(largest.argmax()),
        channel_spread=_spread(largest[alive]),
        widest_input=weights.widest_input if weights else None,
        weight_spread=weights.input_spread if weights else None,
        scale_spread=weights.scale_spread if weights else None,
    )


def _of_weights(in_int8: _File, in_float: _File, op: Op, float_op: Op) -> _WeightNoise | None:
    if op.name not in _WEIGHTED:
        return None
    kernel = op.inputs[1]
    ints, exact = in_int8.constant(kernel), in_float.constant(float_op.inputs[1])
    if ints is None or exact is None or ints.shape != exact.shape or not kernel.scales:
        return None
    axis = _WEIGHTED[op.name]
    scales = np.array(kernel.scales, np.float32)
    shape = [1] * ints.ndim
    shape[axis] = len(scales)
    rounded = ints.astype(np.float32) * scales.reshape(shape)
    # Every channel has one kernel of its own in a depthwise convolution, and one input channel.
    by_input = exact.reshape(-1, exact.shape[-1]), rounded.reshape(-1, exact.shape[-1])
    outputs = exact.shape[axis]
    by_output = (
        np.moveaxis(exact, axis, -1).reshape(-1, outputs),
        np.moveaxis(rounded, axis, -1).reshape(-1, outputs),
    )
    decibels = min(
        _decibels(whole, coarse, centred=False) for whole, coarse in (by_input, by_output)
    )
    largest = np.abs(by_input[0]).max(axis=0)
    # Of a depthwise convolution these are the output's channels, each with a scale of its own.
    mixes = op.name != "DEPTHWISE_CONV_2D"
    spread = _spread(largest[largest > 0]) if mixes else 1.0
    return _WeightNoise(decibels, int(largest.argmax()), spread, _spread(scales))


def _by_channel(values: np.ndarray) -> np.ndarray:
    return values.reshape(-1, values.shape[-1])


def _alive(values: np.ndarray) -> np.ndarray:
    """Which channels vary by more than float32 rounds them."""
    return np.ptp(values, axis=0) > 1e-5 * np.abs(values).max(axis=0)


def _decibels(exact: np.ndarray, rounded: np.ndarray, centred: bool = True) -> float:
    """Returns signal to noise in the mean over channels; a channel can lose no more than all."""
    signal = exact.var(axis=0) if centred else np.square(exact).mean(axis=0)
    noise = np.square(exact - rounded).mean(axis=0)
    carrying = signal > 0
    if not carrying.any():
        return _NO_NOISE_DB
    lost = np.minimum(noise[carrying] / signal[carrying], 1.0).mean()
    return float(min(-10.0 * np.log10(max(lost, 1e-12)), _NO_NOISE_DB))


def _spread(values: Sequence[float] | np.ndarray) -> float:
    """Returns the largest over the median."""
    if not len(values):
        return 1.0
    middle = float(np.median(values))
    return float(np.max(values)) / middle if middle > 0 else 1.0
