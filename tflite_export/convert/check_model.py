"""Which Keras models can be exported; the others are refused by name, before anything is converted.

TensorFlow's converter does not refuse all that it cannot do: a loop ends the whole process.
"""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from tflite_export.common.errors import ExportError

_EXAMPLES = {1: "(samples,)", 2: "(steps, sensors)", 3: "(height, width, channels)"}
_LOOPS = frozenset(["While", "StatelessWhile", "If", "StatelessIf", "Case", "StatelessCase"])
_FLOAT = "float32"


def input_shape(model: Any) -> tuple[int, ...]:
    """Returns the shape of a model's one input, without the batch.

    Raises:
        ExportError: if the model has other than one input and one output of fixed float32 shape.
    """
    if isinstance(model, str | os.PathLike):
        raise ExportError(
            f"model is the path {os.fspath(model)!r}: give the model itself, which "
            "keras.models.load_model returns"
        )
    inputs, outputs = getattr(model, "inputs", None), getattr(model, "outputs", None)
    if not inputs or not outputs:
        raise ExportError(
            "the model has no known input shape: build it as a functional model from "
            "keras.Input(shape=(height, width, channels))"
        )
    _check_one([_name(tensor) for tensor in inputs], "inputs")
    # Tensors of outputs have numbers for names.
    named = getattr(model, "output_names", None) or [_name(tensor) for tensor in outputs]
    _check_one(named, "outputs")
    shape = tuple(inputs[0].shape)
    if len(shape) - 1 not in _EXAMPLES:
        raise ExportError(
            f"the model's input is {shape}; {', '.join(_EXAMPLES.values())} after the batch is "
            "what can be exported"
        )
    if None in shape[1:]:
        raise ExportError(
            f"the model's input {shape} has no fixed size, which a microcontroller needs: build "
            f"the same layers on keras.Input(shape=...) with numbers for "
            f"{_EXAMPLES[len(shape) - 1]} and copy the weights with set_weights(get_weights())"
        )
    if _dtype(inputs[0]) != _FLOAT:
        raise ExportError(
            f"the model's input is {_dtype(inputs[0])}: only float32 inputs can be exported, not "
            "tokens or categories"
        )
    if None in tuple(outputs[0].shape)[1:]:
        raise ExportError(f"the model's output {tuple(outputs[0].shape)} has no fixed size")
    return shape[1:]


def check_computes_in_float32(model: Any) -> None:
    """Raises an ExportError that names a layer of another type than float32."""
    for layer in _layers(model):
        dtype = getattr(layer, "compute_dtype", _FLOAT) or _FLOAT
        weights = (_dtype(weight) for weight in getattr(layer, "weights", ()))
        other = next((kind for kind in weights if kind.startswith(("float", "bfloat"))), _FLOAT)
        if dtype == _FLOAT and other == _FLOAT:
            continue
        raise ExportError(
            f"layer {layer.name!r} computes in {dtype if dtype != _FLOAT else other}: build the "
            "same layers with dtype float32 (keras.config.set_dtype_policy('float32')) and copy "
            "the weights with set_weights(get_weights())"
        )


def check_finite(model: Any) -> None:
    """Raises an ExportError that names a weight with NaN or infinity."""
    for weight in model.weights:
        values = np.asarray(weight)
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            raise ExportError(
                f"the weight {getattr(weight, 'path', weight.name)!r} contains NaN or infinity: "
                "training has diverged; train again with a lower learning rate"
            )


def check_inputs(inputs: np.ndarray, shape: tuple[int, ...], what: str) -> None:
    """Raises ExportError unless `inputs` is finite float32 (n > 0, *shape); `what` names them."""
    if inputs.shape[1:] != shape:
        needed = ", ".join(("n", *map(str, shape)))
        raise ExportError(f"the {what} are {inputs.shape}; the model needs ({needed})")
    if len(inputs) == 0:
        raise ExportError(f"there are no {what}: at least one is needed, about 100 are better")
    if inputs.dtype != np.float32:
        raise ExportError(f"the {what} are {inputs.dtype}; normalised float32 is needed")
    if not np.isfinite(inputs).all():
        raise ExportError(f"the {what} contain NaN or infinity, or numbers too large for float32")


def check_no_loops(graph_def: Any, model: Any) -> None:
    """Raises an ExportError that names a layer which loops or branches.

    Args:
        graph_def: of the traced model.
        model: whose layers have the names.
    """
    functions = {one.signature.name: one.node_def for one in graph_def.library.function}
    for node in graph_def.node:
        if loop := _loop_in(node, functions):
            raise ExportError(
                f"layer {_layer_of(node.name, model)!r} loops or branches ({loop}), which cannot "
                "become int8: use convolutions over time, or give an LSTM unroll=True"
            )


def _loop_in(node: Any, functions: Mapping[str, Any]) -> str:
    """Returns the op by which a node, or a function that it calls, loops; empty if none does."""
    if node.op in _LOOPS:
        return node.op
    called = (attr.func.name for attr in node.attr.values() if attr.HasField("func"))
    inner = (_loop_in(one, functions) for name in called for one in functions.get(name, ()))
    return next(filter(None, inner), "")


def _check_one(names: Sequence[str], what: str) -> None:
    if len(names) != 1:
        raise ExportError(
            f"the model has {len(names)} {what} ({', '.join(names)}); a model of one input and one "
            "output can be exported: make it, or one for each, with keras.Model(inputs, outputs)"
        )


def _name(tensor: Any) -> str:
    return str(tensor.name).partition(":")[0]


def _dtype(tensor: Any) -> str:
    return getattr(tensor.dtype, "name", str(tensor.dtype))


def _layers(model: Any) -> Iterator[Any]:
    """Yields all layers, those of models within the model as well."""
    for layer in model.layers:
        yield layer
        if hasattr(layer, "layers"):
            yield from _layers(layer)


def _layer_of(node_name: str, model: Any) -> str:
    """Returns the name of the layer that an op comes from, as far as it can be told."""
    names = {layer.name for layer in _layers(model)}
    parts = node_name.split("/")[:-1]
    for part in reversed(parts):
        # Keras numbers scopes on, so that "lstm" computes in "lstm_1".
        for name in (part, re.sub(r"_\d+$", "", part)):
            if name in names:
                return name
    return "/".join(parts) or node_name
