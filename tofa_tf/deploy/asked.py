"""What a model was asked for, as its result keeps it."""

import dataclasses
from collections.abc import Mapping

from tflite_export.common.json_data import JsonRecord
from tflite_export.convert.quantization_settings import Quantization
from tflite_export.devices.boards import Board
from tofa_tf.select.names import FIXED


@dataclasses.dataclass(frozen=True)
class Asked(JsonRecord):
    """What was asked for, as far as it decides which model it is.

    Attributes:
        budgets: limits by the names of the resources, the main one first.
        board: with its flash, SRAM and speed; None: the budgets alone count.
        quantization: without the settings that its method has no use for.
        rule, objective: that choose the subnet, see `tofa_tf.select.rules.choose`.
    """

    budgets: Mapping[str, float]
    board: Board | None
    quantization: Quantization
    rule: str = FIXED
    objective: str = ""
