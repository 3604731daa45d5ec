"""What generated C says of a model: constants, names, and the table that quantises pixels."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tflite_export.convert.quantization import quantize
from tflite_export.firmware.c_text import float_list, float_literal, string_literal
from tflite_export.graph.operators import OperatorGraph
from tflite_export.input_spec import InputSpec
from tflite_export.preprocess import normalise
from tflite_export.rejection import Rejection
from tflite_export.task import OutputRule, Task

_VALUES_PER_LINE = 16


@dataclass(frozen=True)
class ModelFacts:
    """What generated C has to know of a model.

    Attributes:
        file: the parsed .tflite.
        model_id: by which a board's log names it.
        spec: how raw data becomes the input.
        rule: how outputs are read.
        class_names: of class i at position i; empty if nobody said.
        arena_bytes: to reserve on a board.
        plain_arena_bytes: the same on a core without Arm's vectors (MVE), whose kernels take more.
        host_arena_bytes: the same where pointers have 64 bits.
        least_arena_bytes: with less no runtime gets far on a board, see `least_arena.py`.
        least_host_arena_bytes: the same where pointers have 64 bits.
        boards: names of those that the first is enough for.
        rejection: when an answer is "unknown"; None: never.
    """

    file: OperatorGraph
    model_id: str
    spec: InputSpec
    rule: OutputRule
    class_names: tuple[str, ...]
    arena_bytes: int
    plain_arena_bytes: int
    host_arena_bytes: int
    least_arena_bytes: int
    least_host_arena_bytes: int
    boards: str = "any known board"
    rejection: Rejection | None = None

    @property
    def score_count(self) -> int:
        """Scores of one input: the possible answers, or all outputs where it has many answers."""
        outputs = self.file.outputs[0].size
        return 2 if self.rule.task is Task.BINARY and outputs == 1 else outputs

    @property
    def labels(self) -> tuple[str, ...]:
        """The name of each score; its number where there is no name."""
        numbers = map(str, range(self.score_count))
        return self.class_names if len(self.class_names) == self.score_count else tuple(numbers)


def model_constants(facts: ModelFacts) -> str:
    """Returns the lines of `model.h` that define the constants of a model."""
    return "\n".join(f"#define {name} {value}" for name, value in _constants(facts))


def quantisation_table(facts: ModelFacts) -> str:
    """Returns `preprocess_table.h`: the input value of every pixel value, for each channel."""
    source, spec = facts.file.inputs[0], facts.spec
    pixels = np.arange(256, dtype=np.float32)[:, None]
    values = quantize(
        normalise(pixels, spec.mean, spec.std), source.scales[0], source.zero_points[0]
    )
    rows = "\n".join(f"    {{\n{_rows(column)}\n    }}," for column in values.T.tolist())
    return _TABLE.format(count=values.shape[1], rows=rows)


def _constants(facts: ModelFacts) -> Iterator[tuple[str, object]]:
    spec, source, target = facts.spec, facts.file.inputs[0], facts.file.outputs[0]
    yield "MODEL_ID", string_literal(facts.model_id)
    if spec.colour:
        yield "MODEL_HEIGHT", spec.shape[0]
        yield "MODEL_WIDTH", spec.shape[1]
        yield "MODEL_CHANNELS", spec.shape[2]
        yield "MODEL_COLOUR", string_literal(spec.colour)
        yield "MODEL_BLUE_FIRST", int(spec.colour == "bgr")
        yield "MODEL_CROP", string_literal(spec.crop)
        yield "MODEL_STRETCH", int(spec.crop == "stretch")
    yield "MODEL_INPUT_SIZE", source.size
    yield "MODEL_MEAN", float_list(spec.mean)
    yield "MODEL_STD", float_list(spec.std)
    yield "MODEL_INPUT_SCALE", float_literal(source.scales[0])
    yield "MODEL_INPUT_ZERO_POINT", f"({source.zero_points[0]})"
    yield "MODEL_OUTPUT_SIZE", target.size
    yield "MODEL_OUTPUT_SCALE", float_literal(target.scales[0])
    yield "MODEL_OUTPUT_ZERO_POINT", f"({target.zero_points[0]})"
    yield "MODEL_SCORES", facts.score_count
    names = ", \\\n  ".join(map(string_literal, facts.labels))
    yield "MODEL_LABELS", f"{{ \\\n  {names}}}"
    if facts.rejection:
        yield "MODEL_LIMITS", float_list(facts.rejection.limits)
    if facts.rejection and facts.rejection.centres:
        scale, zero = target.scales[0], target.zero_points[0]
        steps = np.round(np.array(facts.rejection.centres) / scale).astype(int) + zero
        yield "MODEL_CENTRES", _matrix(steps.clip(-128, 127).tolist())
        weights = scale**2 * np.array(facts.rejection.weights)
        yield "MODEL_WEIGHTS", float_list(weights.tolist())


def _matrix(rows: list[list[int]]) -> str:
    lines = ", \\\n  ".join(f"{{{', '.join(map(str, row))}}}" for row in rows)
    return f"{{ \\\n  {lines}}}"


def _rows(values: list[int]) -> str:
    starts = range(0, len(values), _VALUES_PER_LINE)
    return "\n".join(
        f"        {', '.join(map(str, values[start : start + _VALUES_PER_LINE]))},"
        for start in starts
    )


_TABLE = """\
/* Generated by tflite_export; do not edit.
 * The int8 input for each pixel value, normalised and quantised. */

#ifndef PREPROCESS_TABLE_H_
#define PREPROCESS_TABLE_H_

#include <stdint.h>

#define PREPROCESS_TABLES {count} /* One for all channels, or one for each. */

static const int8_t kQuantised[PREPROCESS_TABLES][256] = {{
{rows}
}};

#endif /* PREPROCESS_TABLE_H_ */
"""
