"""Reads a .tflite file into the graph of its operators."""

import struct
from collections.abc import Iterable

from ai_edge_litert import schema_py_generated as schema

from tflite_export.common.errors import ExportError
from tflite_export.graph.operators import Op, OperatorGraph, Tensor

FILE_IDENTIFIER = b"TFL3"


def _names(enum: type) -> dict[int, str]:
    return {code: name for name, code in vars(enum).items() if not name.startswith("_")}


_OP_NAMES = _names(schema.BuiltinOperator)
_TYPE_NAMES = _names(schema.TensorType)

# What the schema's readers raise when an offset points nowhere.
_DAMAGE = (struct.error, LookupError, ValueError, TypeError, AttributeError, MemoryError)


def read_tflite(tflite: bytes) -> OperatorGraph:
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


def _read_model(model: schema.ModelT, size_bytes: int) -> OperatorGraph:
    graph = model.subgraphs[0]
    tensors = tuple(
        _read_tensor(index, tensor, model.buffers) for index, tensor in enumerate(graph.tensors)
    )

    def pick(indices: Iterable[int]) -> tuple[Tensor, ...]:
        return tuple(tensors[index] for index in indices if index >= 0)

    ops = tuple(
        Op(_op_name(model.operatorCodes[op.opcodeIndex]), pick(op.inputs), pick(op.outputs))
        for op in graph.operators
    )
    return OperatorGraph(size_bytes, tensors, ops, pick(graph.inputs), pick(graph.outputs))


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
