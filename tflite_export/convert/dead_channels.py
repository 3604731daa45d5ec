"""Removes channels of an int8 graph that carry nothing, where that changes no output bit.

A channel is dead when everything that reads it can do without: its value is the same everywhere and
can be moved into the next layer's bias, or the next layer multiplies it by zero. Depthwise
convolutions and pooling pass channels on one by one, so their two ends live or die together.
"""

from dataclasses import dataclass

import numpy as np
from ai_edge_litert import schema_py_generated as schema

_OPERATOR = schema.BuiltinOperator
_ACTIVATION = schema.ActivationFunctionType

# A constant counts as known only where every runtime rounds it to the same integer: they differ in
# the last bits before rounding.
_ROUNDING_MARGIN = 0.1
_LARGEST_MULTIPLIER = 0.25


@dataclass(frozen=True)
class _Op:
    """An operator whose channels can be followed.

    Attributes:
        mixes: every output depends on all input channels (convolution, dense layer); otherwise
            output channel c depends on input channel c alone.
        weights: index of the tensor, or None (pooling, reshaping).
        bias: index of the tensor, or None: then only channels at the zero point can be left out.
        pads: border pixels read the zero point instead of the channel's value.
        reshapes: the shape of the target is written down in the operator, too.
    """

    record: schema.OperatorT
    source: int
    target: int
    mixes: bool
    weights: int | None = None
    bias: int | None = None
    pads: bool = False
    reshapes: bool = False


def remove_dead_channels(model: schema.ModelT) -> int:
    """Removes dead channels in place; the model has one subgraph.

    Returns:
        How many channels were removed, over all activations that a layer with weights writes.
    """
    graph = _Graph(model)
    constants = graph.find_constants()
    dead = graph.find_dead(constants)
    for op in graph.ops:
        graph.cut(op, dead, constants)
    for tensor, channels in dead.items():
        if channels.any():
            shape = graph.tensors[tensor].shape.copy()
            shape[-1] -= channels.sum()
            graph.tensors[tensor].shape = shape
            graph.tensors[tensor].shapeSignature = None
    return sum(int(dead[op.target].sum()) for op in graph.ops if op.weights is not None)


class _Graph:
    """The one subgraph of a model, with those of its operators that can be followed."""

    def __init__(self, model: schema.ModelT):
        self._model = model
        self.tensors = model.subgraphs[0].tensors
        records = model.subgraphs[0].operators
        used = [index for record in records for index in record.inputs]
        self._readers = {index: used.count(index) for index in used}
        ops = [self._follow(record) for record in records]
        self.ops = [op for op in ops if op]
        ends = [*model.subgraphs[0].inputs, *model.subgraphs[0].outputs]
        for record, op in zip(records, ops, strict=True):
            if op is None:
                ends += [*record.inputs, *record.outputs]
        self._ends = set(ends)

    def find_constants(self) -> dict[int, np.ndarray]:
        """Returns per activation the int8 value of each channel, NaN where it varies."""
        constants: dict[int, np.ndarray] = {}
        for op in self.ops:
            source = constants.get(op.source, np.full(self._channels(op.source), np.nan))
            constants.setdefault(op.source, source)
            constants[op.target] = source if op.weights is None else self._sums(op, source)
        return constants

    def find_dead(self, constants: dict[int, np.ndarray]) -> dict[int, np.ndarray]:
        """Returns per activation which of its channels can go."""
        dead: dict[int, np.ndarray] = {}
        for tensor in {end for op in self.ops for end in (op.source, op.target)}:
            dead[tensor] = np.full(self._channels(tensor), tensor not in self._ends)
        for op in self.ops:
            if op.mixes:
                dead[op.source] &= self._foldable(op, constants[op.source])
        self._agree(dead)
        for channels in dead.values():
            channels[0] &= not channels.all()
        # What was kept above so that no layer is empty has to be kept at the other ends as well.
        self._agree(dead)
        return dead

    def cut(self, op: _Op, dead: dict[int, np.ndarray], constants: dict[int, np.ndarray]) -> None:
        """Takes dead channels out of an operator's constants and moves their values to its bias."""
        sources, targets = dead[op.source], dead[op.target]
        if op.weights is None:
            self._cut_shape(op, targets)
            return
        if not sources.any() and not targets.any():
            return
        weights, bias = self._data(op.weights), self._bias(op)
        if op.mixes:
            moved = np.where(
                sources & ~np.isnan(constants[op.source]), constants[op.source], np.nan
            )
            bias = bias + self._contribution(op, weights, moved)
            weights = weights[~targets][..., ~sources]
        else:
            weights = weights[..., ~targets]
        self._replace(op.weights, weights, targets)
        if op.bias is not None:
            self._replace(op.bias, bias[~targets].astype(np.int32), targets)

    def _follow(self, record: schema.OperatorT) -> _Op | None:
        code = self._model.operatorCodes[record.opcodeIndex]
        kind = max(code.builtinCode, code.deprecatedBuiltinCode)
        source, target, options = record.inputs[0], record.outputs[0], record.builtinOptions
        if any(self.tensors[end].type != schema.TensorType.INT8 for end in (source, target)):
            return None
        if kind == _OPERATOR.AVERAGE_POOL_2D:
            plain = options.fusedActivationFunction == _ACTIVATION.NONE
            return _Op(record, source, target, mixes=False) if plain else None
        if kind == _OPERATOR.RESHAPE:
            # Only dropping dimensions of size 1 keeps channels what they are.
            vectors = all(np.prod(self._shape(t)[:-1]) == 1 for t in (source, target))
            alone = len(record.inputs) < 2 or self._readers[record.inputs[1]] == 1
            follow = vectors and alone
            return _Op(record, source, target, mixes=False, reshapes=True) if follow else None
        return self._follow_weighted(record, kind)

    def _follow_weighted(self, record: schema.OperatorT, kind: int) -> _Op | None:
        dense = kind == _OPERATOR.FULLY_CONNECTED
        depthwise = kind == _OPERATOR.DEPTHWISE_CONV_2D
        if not (dense or depthwise or kind == _OPERATOR.CONV_2D):
            return None
        source, target = record.inputs[0], record.outputs[0]
        has_bias = len(record.inputs) > 2 and record.inputs[2] >= 0
        weights, bias = record.inputs[1], record.inputs[2] if has_bias else None
        alone = all(self._readers[tensor] == 1 for tensor in (weights, bias) if tensor is not None)
        constant = self._model.buffers[self.tensors[weights].buffer].data is not None
        plain = (
            self.tensors[weights].type == schema.TensorType.INT8
            and (bias is None or self.tensors[bias].type == schema.TensorType.INT32)
            and self._shape(weights)[-1] == self._channels(source)
        )
        if not (alone and constant and plain):
            return None
        if depthwise and self._channels(target) != self._channels(source):
            return None
        same = not dense and record.builtinOptions.padding == schema.Padding.SAME
        pads = same and tuple(self._shape(weights)[1:3]) != (1, 1)
        return _Op(record, source, target, not depthwise, weights, bias, pads)

    def _agree(self, dead: dict[int, np.ndarray]) -> None:
        """Keeps channels at both ends of operators that pass them on one by one."""
        pairs = [(op.source, op.target) for op in self.ops if not op.mixes]
        before = -1
        while before != (before := sum(int(channels.sum()) for channels in dead.values())):
            for source, target in pairs:
                both = dead[source] & dead[target]
                dead[source], dead[target] = both, both.copy()

    def _foldable(self, op: _Op, constants: np.ndarray) -> np.ndarray:
        unread = ~self._weights(op).reshape(-1, len(constants)).any(axis=0)
        return unread | self._usable(op, constants)

    def _usable(self, op: _Op, constants: np.ndarray) -> np.ndarray:
        # Where the border is padded, only a channel at the zero point is the same everywhere.
        only_zero = op.pads or op.bias is None
        return constants == self._zero_point(op.source) if only_zero else ~np.isnan(constants)

    def _contribution(self, op: _Op, weights: np.ndarray, constants: np.ndarray) -> np.ndarray:
        """What channels of known value add to each sum; those that are NaN add nothing."""
        values = np.nan_to_num(constants - self._zero_point(op.source)).astype(np.int64)
        return (weights.astype(np.int64) * values).reshape(len(weights), -1).sum(axis=1)

    def _sums(self, op: _Op, source: np.ndarray) -> np.ndarray:
        weights, bias = self._weights(op), self._bias(op)
        varying = ~self._usable(op, source)
        if op.mixes:
            varies = (weights.reshape(-1, len(source)) != 0)[:, varying]
            varies = varies.reshape(len(weights), -1).any(axis=1)
            sums = bias + self._contribution(op, weights, source)
        else:
            per_channel = weights.reshape(-1, len(source)).astype(np.int64)
            varies = varying & per_channel.any(axis=0)
            values = np.nan_to_num(source - self._zero_point(op.source)).astype(np.int64)
            sums = bias + (per_channel * values).sum(axis=0)
        return np.where(varies, np.nan, self._requantize(op, sums))

    def _requantize(self, op: _Op, sums: np.ndarray) -> np.ndarray:
        """Returns int8 outputs for int32 sums, NaN where runtimes may round differently."""
        target = self.tensors[op.target].quantization
        scale, zero_point = float(target.scale[0]), int(target.zeroPoint[0])
        scales = self.tensors[op.weights].quantization.scale.astype(np.float64)
        multiplier = self.tensors[op.source].quantization.scale[0] * scales / scale
        low, high = -128, 127
        activation = op.record.builtinOptions.fusedActivationFunction
        if activation in (_ACTIVATION.RELU, _ACTIVATION.RELU6):
            low = max(low, zero_point)
        if activation == _ACTIVATION.RELU6:
            high = min(high, zero_point + round(6 / scale))
        if activation not in (_ACTIVATION.NONE, _ACTIVATION.RELU, _ACTIVATION.RELU6):
            return np.full(len(sums), np.nan)
        exact = sums * multiplier + zero_point
        clamped = (exact < low - 1) | (exact > high + 1)
        sure = np.abs(exact - np.floor(exact) - 0.5) > _ROUNDING_MARGIN
        sure = clamped | (sure & (multiplier <= _LARGEST_MULTIPLIER))
        return np.where(sure, np.clip(np.rint(exact), low, high), np.nan)

    def _cut_shape(self, op: _Op, targets: np.ndarray) -> None:
        if not op.reshapes or not targets.any():
            return
        shape = np.array(self._shape(op.target), np.int32)
        shape[-1] -= targets.sum()
        # The new shape is an operand, an option, or both.
        if op.record.builtinOptions is not None:
            op.record.builtinOptions.newShape = shape
        if len(op.record.inputs) > 1:
            self._write(op.record.inputs[1], shape)

    def _replace(self, tensor: int, data: np.ndarray, removed: np.ndarray) -> None:
        quantization = self.tensors[tensor].quantization
        if quantization is not None and len(quantization.scale) == len(removed) > 1:
            quantization.scale = quantization.scale[~removed]
            quantization.zeroPoint = quantization.zeroPoint[~removed]
        self._write(tensor, data)
        self.tensors[tensor].shape = np.array(data.shape, np.int32)

    def _write(self, tensor: int, data: np.ndarray) -> None:
        self.tensors[tensor].buffer = len(self._model.buffers)
        content = np.frombuffer(np.ascontiguousarray(data).tobytes(), np.uint8)
        self._model.buffers.append(schema.BufferT(data=content))

    def _weights(self, op: _Op) -> np.ndarray:
        assert op.weights is not None  # Only of operators that mix or scale channels.
        return self._data(op.weights)

    def _bias(self, op: _Op) -> np.ndarray:
        if op.bias is None:
            return np.zeros(self._channels(op.target), np.int64)
        return self._data(op.bias).astype(np.int64)

    def _data(self, tensor: int) -> np.ndarray:
        dtype = np.int8 if self.tensors[tensor].type == schema.TensorType.INT8 else np.int32
        content = self._model.buffers[self.tensors[tensor].buffer].data
        return np.frombuffer(content.tobytes(), dtype).reshape(self._shape(tensor))

    def _zero_point(self, tensor: int) -> int:
        return int(self.tensors[tensor].quantization.zeroPoint[0])

    def _shape(self, tensor: int) -> tuple[int, ...]:
        shape = self.tensors[tensor].shape
        return () if shape is None else tuple(int(size) for size in shape)

    def _channels(self, tensor: int) -> int:
        shape = self._shape(tensor)
        return shape[-1] if shape else 1
