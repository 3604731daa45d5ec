"""What a file may contain to run on a board: integer tensors and ops that TFLite Micro has."""

from tflite_export.common.errors import ExportError
from tflite_export.graph.operators import Op, OperatorGraph

# Every builtin op that the pinned `tflite_micro` wheel registers; a test asks the wheel itself.
_TFLM_OPS = """
ABS ADD ADD_N ARG_MAX ARG_MIN ASSIGN_VARIABLE AVERAGE_POOL_2D BATCH_MATMUL BATCH_TO_SPACE_ND
BROADCAST_ARGS BROADCAST_TO CALL_ONCE CAST CEIL CONCATENATION CONV_2D COS CUMSUM
DEPTHWISE_CONV_2D DEPTH_TO_SPACE DEQUANTIZE DIV DYNAMIC_UPDATE_SLICE ELU EMBEDDING_LOOKUP EQUAL
EXP EXPAND_DIMS FILL FLOOR FLOOR_DIV FLOOR_MOD FULLY_CONNECTED GATHER GATHER_ND GREATER
GREATER_EQUAL HARD_SWISH IF L2_NORMALIZATION L2_POOL_2D LEAKY_RELU LESS LESS_EQUAL LOG
LOGICAL_AND LOGICAL_NOT LOGICAL_OR LOGISTIC LOG_SOFTMAX MAXIMUM MAX_POOL_2D MEAN MINIMUM
MIRROR_PAD MUL NEG NOT_EQUAL PACK PAD PADV2 PRELU QUANTIZE READ_VARIABLE REDUCE_ALL REDUCE_MAX
REDUCE_MIN RELU RELU6 RESHAPE RESIZE_BILINEAR RESIZE_NEAREST_NEIGHBOR REVERSE_V2 ROUND RSQRT
SELECT_V2 SHAPE SIN SLICE SOFTMAX SPACE_TO_BATCH_ND SPACE_TO_DEPTH SPLIT SPLIT_V SQRT SQUARE
SQUARED_DIFFERENCE SQUEEZE STRIDED_SLICE SUB SUM SVDF TANH TRANSPOSE TRANSPOSE_CONV
UNIDIRECTIONAL_SEQUENCE_LSTM UNPACK VAR_HANDLE WHILE ZEROS_LIKE
"""
TFLM_OPS = frozenset(_TFLM_OPS.split())

# Registered, but the kernel refuses int8 when tensors are allocated.
FLOAT_ONLY_OPS = frozenset({"COS", "EXP", "FLOOR", "LOG", "NEG", "SIN", "SQRT", "SQUARE"})

_FLOAT_TYPES = frozenset({"float16", "bfloat16", "float32", "float64"})

_ADVICE = {
    "GELU": "use ReLU6, ReLU or hard-swish instead",
    "TILE": "nearest-neighbour up-sampling: use bilinear instead",
    "EXP": "mish or softplus: use ReLU6, ReLU or hard-swish instead",
    "LOG": "mish or softplus: use ReLU6, ReLU or hard-swish instead",
}

# The methods whose names do not follow from the op's.
_METHODS = {
    "BATCH_MATMUL": "BatchMatMul",
    "CUMSUM": "CumSum",
    "PADV2": "PadV2",
    "UNIDIRECTIONAL_SEQUENCE_LSTM": "UnidirectionalSequenceLSTM",
}


def check_integer(file: OperatorGraph) -> None:
    """Makes sure that input, output and every tensor between are integer.

    Raises:
        ExportError: naming an op that works on float and the layer it comes from.
    """
    on_float = [op for op in file.ops if any(t.dtype in _FLOAT_TYPES for t in op.tensors)]
    if on_float:
        # Conversions only surround the op that has no int8 kernel.
        culprits = [op for op in on_float if op.name not in ("QUANTIZE", "DEQUANTIZE")]
        op = (culprits or on_float)[0]
        raise ExportError(
            f"not a full-integer model: op {op.name}, which comes from {op.origin!r}, works on "
            "float; replace that layer by one with an int8 kernel (convolution, dense, pooling, "
            "add, multiply, ReLU, hard-swish)"
        )
    for tensor in file.inputs + file.outputs:
        if tensor.dtype != "int8":
            raise ExportError(
                f"{tensor.name!r} is {tensor.dtype}; input and output must be int8: convert with "
                "inference_input_type and inference_output_type set to int8"
            )


def check_tflm_ops(file: OperatorGraph) -> None:
    """Makes sure that TFLite Micro has an int8 kernel for every op of the file.

    Raises:
        ExportError: naming each op that it lacks and the layer the op comes from.
    """
    origins: dict[str, list[str]] = {}
    for op in file.ops:
        if problem := _problem(op):
            origins.setdefault(problem, []).append(repr(op.origin))
    if origins:
        problems = (f"{problem}; from {', '.join(names)}" for problem, names in origins.items())
        raise ExportError("; ".join(problems))


def resolver_method(op_name: str) -> str:
    """Returns the `MicroMutableOpResolver` method that registers an op: CONV_2D -> AddConv2D."""
    parts = (part if part == "2D" else part.capitalize() for part in op_name.split("_"))
    return "Add" + _METHODS.get(op_name, "".join(parts))


def _problem(op: Op) -> str | None:
    if op.name not in TFLM_OPS:
        problem = f"TFLite Micro has no op {op.name}"
    elif op.name in FLOAT_ONLY_OPS and op.inputs[0].dtype not in _FLOAT_TYPES:
        problem = f"TFLite Micro has op {op.name} for float only"
    else:
        return None
    return f"{problem} ({_ADVICE.get(op.name, 'replace it by layers of other ops')})"
