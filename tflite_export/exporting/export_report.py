"""What an export says of itself: `report.json`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from tflite_export.common.errors import ExportError
from tflite_export.common.json_data import JsonRecord
from tflite_export.convert.quantization_report import QuantizationReport
from tflite_export.devices.board_report import BoardReport
from tflite_export.devices.memory import Memory
from tflite_export.input_spec import InputSpec
from tflite_export.pack.repack import Packing
from tflite_export.rejection import Rejection
from tflite_export.runtimes.vela import NpuReport
from tflite_export.runtimes.verify import Verification

# Goes up when a field changes its meaning.
FORMAT = 3


@dataclass(frozen=True)
class ExportReport(JsonRecord):
    """What was exported; `report.json` holds the same.

    Attributes:
        format: see `FORMAT`.
        sha256: of the .tflite file.
        tflite_bytes: its size.
        macs: multiply-accumulates of one inference.
        ops: how often each op occurs.
        input_shape: (1, *shape), int8.
        input_scale: with `input_zero_point`: real = scale * (int8 - zero point).
        output_shape: (1, ..., columns), int8.
        input_spec: how raw data becomes the input; None if nobody said.
        class_names: name of class i at position i; empty if nobody said.
        memory: flash and arena.
        packing: how the file was made smaller.
        quantization: how it became int8, and what the other way gives.
        verification: accuracy, agreement and error.
        boards: fit and latency estimate on the boards asked for.
        npus: what Vela says of the NPUs asked for.
        versions: of the packages that had a part in it.
        recipe: what the caller wants to have noted.
        rejection: when an answer is "unknown"; None if that was not fitted.
    """

    format: int
    sha256: str
    tflite_bytes: int
    macs: int
    ops: Mapping[str, int]
    input_shape: tuple[int, ...]
    input_scale: float
    input_zero_point: int
    output_shape: tuple[int, ...]
    output_scale: float
    output_zero_point: int
    input_spec: InputSpec | None
    class_names: tuple[str, ...]
    memory: Memory
    packing: Packing
    quantization: QuantizationReport
    verification: Verification
    boards: tuple[BoardReport, ...]
    npus: tuple[NpuReport, ...]
    versions: Mapping[str, str]
    recipe: Mapping[str, Any]
    rejection: Rejection | None = None

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """Reads what `to_json` returned.

        Raises:
            TofaError: if it is of another format, or a field is missing, unknown or of another
                type; names it.
        """
        if isinstance(data, Mapping) and (found := data.get("format")) != FORMAT:
            raise ExportError(
                f"format {found}, where this version reads format {FORMAT}: export the model again"
            )
        return super().from_json(data)
