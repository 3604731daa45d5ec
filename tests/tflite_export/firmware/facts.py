"""Models that exist as far as generated C needs them, without any file."""

from tflite_export.firmware.model_header import ModelFacts
from tflite_export.graph.operators import Op, OperatorGraph, Tensor
from tflite_export.input_spec import InputSpec
from tflite_export.task import CLASSIFICATION, OutputRule


def facts_of(
    spec: InputSpec,
    class_names: tuple[str, ...] = ("no", "yes", "perhaps"),
    *,
    rule: OutputRule = CLASSIFICATION,
    columns: int = 3,
    input_scale: float = 1 / 128,
    input_zero_point: int = 0,
) -> ModelFacts:
    """Returns what is to be said of a model of one dense layer."""
    shape = (1, *spec.shape)
    source = Tensor(0, "in", shape, "int8", (input_scale,), (input_zero_point,), 0)
    target = Tensor(1, "out", (1, columns), "int8", (0.25,), (-3,), 0)
    op = Op("FULLY_CONNECTED", (source,), (target,))
    file = OperatorGraph(1000, (source, target), (op,), (source,), (target,))
    return ModelFacts(
        file=file,
        model_id="0123456789abcdef",
        spec=spec,
        rule=rule,
        class_names=class_names,
        arena_bytes=4000,
        plain_arena_bytes=4000,
        host_arena_bytes=5000,
        least_arena_bytes=3000,
        least_host_arena_bytes=3500,
    )
