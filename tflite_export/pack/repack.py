"""Writes a .tflite file again, smaller: equal content once, nothing that no runtime reads.

The converter writes one list of zero points per channel and tensor, names, signatures, metadata
and an empty buffer for every activation: a third of the file of a small net. Only the input and
the output keep a name.
"""

import enum
from dataclasses import dataclass

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

from tflite_export.common.errors import ExportError
from tflite_export.convert.dead_channels import remove_dead_channels
from tflite_export.graph.flatbuffer import FILE_IDENTIFIER, read_tflite
from tflite_export.runtimes.litert import LitertModel
from tflite_export.runtimes.tflm import TflmRuntime
from tflite_export.runtimes.tflm_pool import TflmPool

# Constant data is read by vector instructions where it lies; the schema demands as much.
_DATA_ALIGNMENT = 16

# TFLite Micro derives the scale of these ops' biases from input and weights; LiteRT insists on it.
_BIAS_SCALE_UNUSED = (schema.BuiltinOperator.CONV_2D, schema.BuiltinOperator.DEPTHWISE_CONV_2D)
_BIAS = 2


class Level(enum.StrEnum):
    """How far a file is repacked.

    Attributes:
        NONE: as the converter wrote it.
        LOSSLESS: valid everywhere, same outputs bit by bit.
        TFLM_ONLY: same outputs in TFLite Micro, which takes one zero point for all channels and
            needs no scales of convolution biases; other runtimes refuse the file.
    """

    NONE = "none"
    LOSSLESS = "lossless"
    TFLM_ONLY = "tflm_only"


@dataclass(frozen=True)
class Packing:
    """What repacking did.

    Attributes:
        level: see `Level`.
        unpacked_bytes: size of the file as the converter wrote it.
        dead_channels: channels removed because they were constant, or read by nobody.
    """

    level: str
    unpacked_bytes: int
    dead_channels: int


def repack(tflite: bytes, level: Level | str = Level.LOSSLESS) -> tuple[bytes, Packing]:
    """Repacks a file; the same bytes in give the same bytes out.

    Args:
        tflite: the whole file.
        level: how far.

    Returns:
        The new file, and what was done.

    Raises:
        ExportError: if the file is damaged, or there is no such level.
    """
    level = parse_level(level)
    if level is Level.NONE:
        return tflite, Packing(level, len(tflite), 0)
    read_tflite(tflite)  # Says what is wrong with a file that cannot be read.
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(tflite, 0))
    dead_channels = remove_dead_channels(model)
    if level is Level.TFLM_ONLY:
        _shorten_quantization(model)
    _strip(model)
    _share_buffers(model)
    builder = _SharingBuilder(len(tflite))
    builder.Finish(model.Pack(builder), FILE_IDENTIFIER)
    return bytes(builder.Output()), Packing(level, len(tflite), dead_channels)


def check_same_outputs(
    original: bytes,
    packed: bytes,
    packing: Packing,
    inputs: np.ndarray,
    tflm: TflmRuntime | TflmPool,
) -> None:
    """Makes sure that a repacked file computes what the original does, bit by bit.

    Args:
        inputs: int8 (batch, height, width, channels) to try.
        tflm: a running TFLite Micro.

    Raises:
        ExportError: if any output differs in a runtime that the level is for.
    """
    pairs = {"TFLite Micro": [tflm.run(file, inputs).outputs for file in (original, packed)]}
    if packing.level != Level.TFLM_ONLY:
        pairs["LiteRT"] = [LitertModel(file).run(inputs).outputs for file in (original, packed)]
    for runtime, (expected, outputs) in pairs.items():
        if not np.array_equal(expected, outputs):
            raise ExportError(
                f"the repacked model ({packing.level}, {packing.dead_channels} dead channels "
                f"removed) gives other outputs in {runtime} than the original: export with "
                "repack_level='none' and report the model"
            )


def parse_level(level: Level | str) -> Level:
    """Returns the level of that name.

    Raises:
        ExportError: if there is none.
    """
    try:
        return Level(level)
    except ValueError:
        raise ExportError(
            f"there is no repacking level {level!r}; choose one of {', '.join(Level)}"
        ) from None


def _strip(model: schema.ModelT) -> None:
    model.description = None
    model.metadata = model.metadataBuffer = model.signatureDefs = None
    for graph in model.subgraphs:
        graph.name = None
        # No runtime reads these either: they are for people who open the file in a viewer.
        names = {graph.inputs[0]: "input", graph.outputs[0]: "output"}
        for number, tensor in enumerate(graph.tensors):
            tensor.name, tensor.shapeSignature = names.get(number), None
            if tensor.quantization is not None:
                tensor.quantization.min = tensor.quantization.max = None
                if tensor.quantization.scale is None:
                    tensor.quantization = None


def _shorten_quantization(model: schema.ModelT) -> None:
    for graph in model.subgraphs:
        for tensor in graph.tensors:
            quantization = tensor.quantization
            if quantization is not None and quantization.zeroPoint is not None:
                zeros = quantization.zeroPoint
                if len(set(zeros.tolist())) == 1:
                    quantization.zeroPoint = zeros[:1]
        for op in graph.operators:
            code = model.operatorCodes[op.opcodeIndex]
            is_conv = max(code.builtinCode, code.deprecatedBuiltinCode) in _BIAS_SCALE_UNUSED
            if is_conv and len(op.inputs) > _BIAS and op.inputs[_BIAS] >= 0:
                graph.tensors[op.inputs[_BIAS]].quantization = None


def _share_buffers(model: schema.ModelT) -> None:
    """Leaves each content once, and the empty buffer in front, as the format wants it."""
    buffers, numbers = [schema.BufferT()], {b"": 0}
    for graph in model.subgraphs:
        for tensor in graph.tensors:
            data = model.buffers[tensor.buffer].data
            content = b"" if data is None else data.tobytes()
            if content not in numbers:
                numbers[content] = len(buffers)
                buffers.append(schema.BufferT(data=data))
            tensor.buffer = numbers[content]
    model.buffers = buffers


class _SharingBuilder(flatbuffers.Builder):
    """Writes vectors of equal content once, and bytes (constant data) on 16-byte boundaries."""

    def __init__(self, size: int):
        super().__init__(size)
        self._written: dict[tuple[str, bytes], int] = {}

    def CreateNumpyVector(self, x: np.ndarray) -> int:  # noqa: N802, the library's name
        key = (x.dtype.str, x.tobytes())
        if key not in self._written:
            if x.dtype == np.uint8:
                # CreateNumpyVector aligns to the type only, and leaves alone what is aligned.
                self.Prep(_DATA_ALIGNMENT, x.size)
            self._written[key] = super().CreateNumpyVector(x)
        return self._written[key]
