"""The C and C++ files of a model: from raw data to scores, the same on every platform."""

from collections.abc import Iterator
from pathlib import Path
from string import Template

from tflite_export.firmware.c_source import c_header, c_source
from tflite_export.firmware.model_header import (
    ModelFacts,
    model_constants,
    quantisation_table,
)
from tflite_export.graph.operators import OperatorGraph
from tflite_export.graph.ops import resolver_method
from tflite_export.task import Task, ends_in_softmax

_TEMPLATES = Path(__file__).with_name("templates") / "model"
DATA = "model_data"

# Ops whose int8-only kernels leave the code of all other types out; each header declares them.
_INT8_KERNELS = {
    "ADD": "add",
    "AVERAGE_POOL_2D": "pooling",
    "CONV_2D": "conv",
    "DEPTHWISE_CONV_2D": "depthwise_conv",
    "FULLY_CONNECTED": "fully_connected",
    "MAX_POOL_2D": "pooling",
    "MUL": "mul",
    "SOFTMAX": "softmax",
}

# How outputs become scores, as `OutputRule.probabilities` has it.
_OUTPUTS = """\
void WriteScores(float* scores) {
  for (int i = 0; i < MODEL_SCORES; ++i) scores[i] = Output(i);
}"""
_SOFTMAX = """\
void WriteScores(float* scores) {
  float largest = Output(0), sum = 0.0f;
  for (int i = 1; i < MODEL_SCORES; ++i) largest = std::fmax(largest, Output(i));
  for (int i = 0; i < MODEL_SCORES; ++i) sum += scores[i] = std::exp(Output(i) - largest);
  for (int i = 0; i < MODEL_SCORES; ++i) scores[i] /= sum;
}"""
_YES = """\
void WriteScores(float* scores) {
  scores[1] = Output(0);
  scores[0] = 1.0f - scores[1];
}"""
_SIGMOID = """\
void WriteScores(float* scores) {
  scores[1] = 1.0f / (1.0f + std::exp(-Output(0)));
  scores[0] = 1.0f - scores[1];
}"""


def library_files(facts: ModelFacts, tflite: bytes) -> Iterator[tuple[str, str]]:
    """Yields names and contents of the files, those in C++ as `.cc`."""
    yield from preprocessing_files(facts)
    score_function = _score_function(facts)
    yield (
        "model.cc",
        _filled(
            "model.cc",
            score_includes="#include <cmath>\n" if "std::" in score_function else "",
            score_function=score_function,
            op_count=len(facts.file.op_counts),
            includes="\n".join(_includes(facts.file)),
            registrations="\n".join(_registrations(facts.file)),
        ),
    )
    yield f"{DATA}.h", c_header(facts.file, facts.arena_bytes, facts.boards, DATA)
    yield f"{DATA}.cc", c_source(tflite, DATA)


def preprocessing_files(facts: ModelFacts) -> Iterator[tuple[str, str]]:
    """Yields names and contents of `model.h` and of what prepares inputs: plain C."""
    kind = "image" if facts.spec.colour else "values"
    yield (
        "model.h",
        _filled(
            "model.h",
            constants=model_constants(facts),
            arena_bytes=facts.arena_bytes,
            plain_arena_bytes=facts.plain_arena_bytes,
            boards=facts.boards,
            host_arena_bytes=facts.host_arena_bytes,
            least_arena_bytes=facts.least_arena_bytes,
            least_host_arena_bytes=facts.least_host_arena_bytes,
            functions=_read(f"functions_{kind}.txt").rstrip(),
        ),
    )
    yield "preprocess.h", _read("preprocess.h")
    yield "preprocess.c", _read(f"preprocess_{kind}.c")
    if facts.spec.colour:
        yield "preprocess_table.h", quantisation_table(facts)


def _score_function(facts: ModelFacts) -> str:
    many_answers = facts.score_count > max(facts.file.outputs[0].shape[-1], 2)
    if many_answers or not facts.rule.has_answers:
        return _OUTPUTS
    if facts.rule.task is Task.CLASSIFICATION:
        return _OUTPUTS if ends_in_softmax(facts.file) else _SOFTMAX
    if facts.file.outputs[0].size > 1:
        return _OUTPUTS
    return _YES if facts.rule.threshold else _SIGMOID


def _includes(file: OperatorGraph) -> Iterator[str]:
    headers = {_INT8_KERNELS[op] for op in file.op_counts if op in _INT8_KERNELS}
    for header in sorted(headers):
        yield f'#include "tensorflow/lite/micro/kernels/{header}.h"'


def _registrations(file: OperatorGraph) -> Iterator[str]:
    for op in sorted(file.op_counts):
        kernel = f"tflite::Register_{op}_INT8()" if op in _INT8_KERNELS else ""
        yield f"  if (resolver.{resolver_method(op)}({kernel}) != kTfLiteOk) return false;"


def _read(name: str) -> str:
    return (_TEMPLATES / name).read_text(encoding="utf-8")


def _filled(name: str, **values: object) -> str:
    return Template(_read(name)).substitute({key: str(value) for key, value in values.items()})
