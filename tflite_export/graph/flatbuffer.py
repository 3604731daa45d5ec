"""Reads a .tflite file into plain records: ops in order, their tensors, quantisation and MACs."""

import struct
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from tflite_export.common.errors import ExportError

FILE_IDENTIFIER = b"TFL3"


def _names(enum: type) -> dict[int, str]:
    return {code: name for name, code in vars(enum).items() if not name.startswith("_")}


_OP_NAMES = _names(schema.BuiltinOperator)
_TYPE_NAMES = _names(schema.TensorType)

# What the schema's readers raise when an offset points nowhere.
_DAMAGE = (struct.error, LookupError, ValueError, TypeError, AttributeError, MemoryError)


@dataclass(frozen=True)
class Tensor:
    """One tensor of the file.

    Attributes:
        name: the converter's name: path of the Keras layer it comes from, several joined by ";".
        dtype: "int8", "int32", "float32" ...
        scales: one per channel, or one for the whole tensor; empty where it is not quantised.
        zero_points: as many as there are scales.
        data_bytes: size of its constant data; 0 for an activation.
    """

    index: int
    name: str
    shape: tuple[int, ...]
    dtype: str
    scales: tuple[float, ...]
    zero_points: tuple[int, ...]
    data_bytes: int

    @property
    def size(self) -> int:
        """Number of elements."""
        return int(np.prod(self.shape))

    @property
    def origin(self) -> str:
        """First part of the name: the last of the layers that were fused into this tensor."""
        return self.name.split(";")[0]


@dataclass(frozen=True)
class Op:
    """One op of the file; `inputs` leaves out optional tensors that are absent."""

    name: str
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        """All inputs, constants included, and outputs."""
        return self.inputs + self.outputs

    @cached_property
    def macs(self) -> int:
        """Multiply-accumulates of one inference; 0 for ops that are not sums of products."""
        return _count_macs(self)

    @property
    def origin(self) -> str:
        """Name that tells a reader which layer the op comes from."""
        # The model's output is called "Identity" only; next best are the op's own weights.
        weights_first = sorted(self.inputs, key=lambda tensor: tensor.data_bytes == 0)
        names = [tensor.origin for tensor in (*self.outputs, *weights_first)]
        return next((name for name in names if "/" in name), names[0])


@dataclass(frozen=True)
class TfliteFile:
    """What a .tflite file of one subgraph holds."""

    size_bytes: int
    tensors: tuple[Tensor, ...]
    ops: tuple[Op, ...]
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]

    @property
    def macs(self) -> int:
        """Multiply-accumulates of one inference."""
        return sum(op.macs for op in self.ops)

    @property
    def op_counts(self) -> dict[str, int]:
        """How often each op occurs, in order of first use."""
        counts: dict[str, int] = {}
        for op in self.ops:
            counts[op.name] = counts.get(op.name, 0) + 1
        return counts


def read_tflite(tflite: bytes) -> TfliteFile:
    """Parses the content of a .tflite file.

    Args:
        tflite: the whole file.

    Raises:
        ExportError: if it is not a TFLite file, is damaged, or has several subgraphs.
    """
    if tflite[4:8] != FILE_IDENTIFIER:
        raise ExportError(
            "not a TFLite file: the bytes 4 to 8 are "
            f"{tflite[4:8]!r} where {FILE_IDENTIFIER!r} is expected"
        )
    try:
        model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(tflite, 0))
        subgraphs = len(model.subgraphs)
        file = _read_model(model, len(tflite))
    except _DAMAGE as error:
        raise ExportError(f"damaged TFLite file, perhaps cut short: {error}") from error
    if subgraphs != 1:
        raise ExportError(
            f"the TFLite file has {subgraphs} subgraphs; only files with one are supported: "
            "export a model without control flow"
        )
    return file


def _read_model(model: schema.ModelT, size_bytes: int) -> TfliteFile:
    graph = model.subgraphs[0]
    tensors = tuple(
        _read_tensor(index, tensor, model.buffers) for index, tensor in enumerate(graph.tensors)
    )

    def pick(indices) -> tuple[Tensor, ...]:
        return tuple(tensors[index] for index in indices if index >= 0)

    ops = tuple(
        Op(_op_name(model.operatorCodes[op.opcodeIndex]), pick(op.inputs), pick(op.outputs))
        for op in graph.operators
    )
    return TfliteFile(size_bytes, tensors, ops, pick(graph.inputs), pick(graph.outputs))


def _read_tensor(index: int, tensor: schema.TensorT, buffers: list[schema.BufferT]) -> Tensor:
    quantization = tensor.quantization
    has_scale = quantization is not None and quantization.scale is not None
    data = buffers[tensor.buffer].data
    return Tensor(
        index=index,
        name=(tensor.name or b"").decode(),
        shape=tuple(int(size) for size in tensor.shape) if tensor.shape is not None else (),
        dtype=_TYPE_NAMES[tensor.type].lower(),
        scales=tuple(float(scale) for scale in quantization.scale) if has_scale else (),
        zero_points=tuple(int(zero) for zero in quantization.zeroPoint) if has_scale else (),
        data_bytes=len(data) if data is not None else 0,
    )


def _op_name(code: schema.OperatorCodeT) -> str:
    # Files written before there were more than 127 ops have only the older of the two fields.
    name = _OP_NAMES[max(code.builtinCode, code.deprecatedBuiltinCode)]
    return code.customCode.decode() if name == "CUSTOM" else name


def _count_macs(op: Op) -> int:
    match op.name:
        case "CONV_2D":
            _, height, width, in_channels = op.inputs[1].shape
            return op.outputs[0].size * height * width * in_channels
        case "DEPTHWISE_CONV_2D":
            _, height, width, _ = op.inputs[1].shape
            return op.outputs[0].size * height * width
        case "TRANSPOSE_CONV":
            out_channels, height, width, _ = op.inputs[1].shape
            return op.inputs[2].size * height * width * out_channels
        case "FULLY_CONNECTED":
            return op.outputs[0].size * op.inputs[1].shape[-1]
        case "BATCH_MATMUL":
            return op.inputs[0].size * op.outputs[0].shape[-1]
    return 0
