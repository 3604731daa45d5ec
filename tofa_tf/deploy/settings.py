"""What is made of a trained supernet: for which budgets and boards, and how."""

import dataclasses

from tflite_export.common.settings import SettingsBase, setting
from tflite_export.convert.quantization_settings import Int8Settings
from tofa_tf.select.names import FIXED, OBJECTIVE_NAMES, RULE_NAMES

_MODELS = "Models"


@dataclasses.dataclass(frozen=True)
class DeploySettings(SettingsBase):
    """The models that are wanted; the supernet does not depend on them."""

    boards: str = setting(
        "Boards to deploy to, as nano33ble,rp2040@100ms,my_board.toml; list shows the known ones.",
        "", heading=_MODELS,
    )  # fmt: skip
    scenarios: str = setting(
        'Budgets of further models, as "macs=1M;flash_kib=256,latency_ms@rp2040=80", of macs, '
        "params, flash_kib and arena_kib, and on a known board of latency_ms@BOARD and fps@BOARD.",
        "", heading=_MODELS,
    )  # fmt: skip
    int8: Int8Settings = Int8Settings()
    rule: str = setting(
        "How subnets are chosen: fixed costs nothing; best_of_random, evolution and zero_shot "
        "measure many subnets each.",
        FIXED, choices=RULE_NAMES,
    )  # fmt: skip
    objective: str | None = setting(
        "What a rule measures on the validation images: accuracy, worst_class or robust (images "
        "as bad cameras make them); fixed then takes the best of the last subnets in range.",
        None, choices=OBJECTIVE_NAMES,
    )  # fmt: skip
    vela: str = setting(
        "Ethos-U to compile every model for, beside those of the boards: ethos-u55-128 and others.",
        "",
    )
    firmware: tuple[str, ...] = setting(
        "Firmware projects for every model, of make, pico, esp_idf, arduino and zephyr, as far as "
        "its board has them; board: the usual one.",
        (), heading=_MODELS,
    )  # fmt: skip
