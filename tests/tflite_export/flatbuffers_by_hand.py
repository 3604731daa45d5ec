"""Smallest .tflite files, written with the schema alone: chains of ops on int8 vectors."""

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema


def chain(
    op_names: list[str], width: int = 4, input_type: str = "INT8", scale: float = 1.0
) -> bytes:
    """Returns a file that applies ops of one input and one output, one after the other.

    Args:
        op_names: builtin ops, without options or constants.
        width: all tensors are (1, width).
        input_type: of the first tensor; the others are INT8.
        scale: of all tensors; the zero point is 3.
    """
    types = [input_type] + ["INT8"] * len(op_names)
    graph = schema.SubGraphT()
    graph.tensors = [_tensor(f"t{i}", name, width, scale) for i, name in enumerate(types)]
    graph.inputs, graph.outputs = [0], [len(op_names)]
    graph.operators = []
    model = schema.ModelT()
    model.version = 3
    model.buffers = [schema.BufferT()]
    model.operatorCodes = []
    model.subgraphs = [graph]
    for index, name in enumerate(op_names):
        code = schema.OperatorCodeT()
        code.builtinCode = getattr(schema.BuiltinOperator, name)
        code.deprecatedBuiltinCode = min(code.builtinCode, 127)
        code.version = 1
        model.operatorCodes.append(code)
        operator = schema.OperatorT()
        operator.opcodeIndex = index
        operator.inputs, operator.outputs = [index], [index + 1]
        graph.operators.append(operator)
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def _tensor(name: str, dtype: str, width: int, scale: float) -> schema.TensorT:
    tensor = schema.TensorT()
    tensor.name = name
    tensor.shape = np.array([1, width], np.int32)
    tensor.type = getattr(schema.TensorType, dtype)
    tensor.buffer = 0
    if dtype == "INT8":
        tensor.quantization = schema.QuantizationParametersT()
        tensor.quantization.scale = np.array([scale], np.float32)
        tensor.quantization.zeroPoint = np.array([3], np.int64)
    return tensor
