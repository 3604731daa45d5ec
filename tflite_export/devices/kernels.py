"""How many instructions int8 kernels take, per kernel library, and how fast cores run these.

Instructions were counted in an emulator (CMSIS-NN 99f736a, TFLite Micro 90b983c, gcc 12.2 -O2) over
seven models; cycles per instruction are fitted to published times. ESP32-S3 and P4 have cycles
instead, from the table of single kernels in the README of espressif/esp-nn.
`benchmarks/benchmark_latency.py` compares with all published times, and finds the errors stated
here by leaving out one source after the other.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Kernels:
    """Instructions of one library's kernels: per MAC, or per element.

    Attributes:
        pointwise: CONV_2D 1x1 of 8 channels and more, per MAC.
        conv: larger CONV_2D of 8 input channels and more, per MAC.
        conv_few_channels: CONV_2D of less and 8 outputs, as in a stem, per MAC.
        depthwise: DEPTHWISE_CONV_2D, per MAC.
        depthwise_multiplier: the same with several outputs per input channel, per MAC.
        depthwise_large: the same with kernels above 3x3, per MAC.
        dense: FULLY_CONNECTED, per MAC.
        add: per output element.
        pool: pooling, per input element.
        softmax: per element.
    """

    pointwise: float
    conv: float
    conv_few_channels: float
    depthwise: float
    depthwise_multiplier: float
    depthwise_large: float
    dense: float
    add: float
    pool: float
    softmax: float


@dataclass(frozen=True)
class Speed:
    """A core with a library.

    Attributes:
        kernels: instruction counts of the library.
        plain: per element: plain C code, for ops without a kernel in the library.
        cpi: cycles per instruction of the library's kernels.
        plain_cpi: the same of plain C code.
        error: relative error to state with an estimate.
        measured: whether times of whole models are published for it.
        stream: cycles that reading a byte of weights from flash takes: no cache keeps a model from
            one inference to the next.
    """

    kernels: Kernels
    plain: Mapping[str, float]
    cpi: float
    plain_cpi: float
    error: float
    measured: bool = True
    stream: float = 0.4


REFERENCE = Kernels(72.1, 65.1, 90, 89.5, 91, 70.7, 7.4, 98.6, 39, 389)
_CMSIS_DSP = Kernels(2.60, 2.07, 4.3, 8.1, 11.3, 9.1, 2.2, 81, 6.8, 406)
_CMSIS_MVE = Kernels(0.56, 0.31, 1.3, 2.95, 6.0, 1.7, 0.58, 13.9, 2.1, 438)
_CMSIS_C = Kernels(8.7, 7.0, 10.8, 38, 21.6, 36.5, 6.7, 237, 25, 1405)
# Of ESP32 and ESP32-C3: portable C, like CMSIS-NN's for cores without DSP but for dense layers,
# which have no kernel of their own there; the reference's are as fast.
_ESP_C = replace(_CMSIS_C, dense=REFERENCE.dense)
# Cycles. Larger convolutions are not in the table: their inner loop is that of the pointwise one.
_ESP_S3 = Kernels(0.81, 0.81, 6.3, 5.0, 4.7, 4.7, 1.33, 46, 29, 43)
_ESP_P4 = Kernels(1.40, 1.40, 4.8, 17.1, 8.8, 8.8, 1.13, 55, 21, 34)

# Per output element, MEAN and its kind per input element. LOGISTIC was not counted, nor SUM and
# REDUCE_MAX: HARD_SWISH and MEAN stand in.
_PLAIN = {"MUL": 52, "HARD_SWISH": 93, "LOGISTIC": 93, "MEAN": 163, "SUM": 163, "REDUCE_MAX": 163}
_PLAIN_C = dict(_PLAIN, MUL=129, HARD_SWISH=125, LOGISTIC=125, MEAN=209, SUM=209, REDUCE_MAX=209)

# Cycles a byte of weights from flash beyond a bus, at what ESP-IDF and the Pico SDK set up by
# default: ESP32 two lines at 40 MHz, C3 two at 80, S3 and P4 four at 80, RP2040 four at 62.5; of
# these peaks some 60 % are left, for a cache fetches line by line.
_FLASH_LX6, _FLASH_C3, _FLASH_S3, _FLASH_P4, _FLASH_PICO = 40.0, 13.0, 10.0, 15.0, 7.0

# Errors: what 90 % of the rows stay below when their source has no part in the fit, rounded up.
# Nothing is published for Cortex-M55, nor for reference kernels on Cortex-M0+, M33, M55 and M85:
# there both numbers are guesses.
SPEEDS: dict[tuple[str, str], Speed] = {
    ("cortex-m0plus", "cmsis_nn"): Speed(_CMSIS_C, _PLAIN_C, 1.15, 1.15, 0.5, stream=_FLASH_PICO),
    ("cortex-m4", "cmsis_nn"): Speed(_CMSIS_DSP, _PLAIN, 1.46, 1.46, 0.25),
    ("cortex-m7", "cmsis_nn"): Speed(_CMSIS_DSP, _PLAIN, 0.72, 0.72, 0.35),
    ("cortex-m33", "cmsis_nn"): Speed(_CMSIS_DSP, _PLAIN, 1.24, 1.24, 0.4),
    ("cortex-m55", "cmsis_nn"): Speed(_CMSIS_MVE, _PLAIN, 1.3, 1.3, 0.6, False),
    ("cortex-m85", "cmsis_nn"): Speed(_CMSIS_MVE, _PLAIN, 0.98, 0.98, 0.5),
    ("xtensa-lx6", "esp_nn"): Speed(_ESP_C, _PLAIN_C, 0.94, 1.82, 0.5, stream=_FLASH_LX6),
    ("xtensa-lx7", "esp_nn"): Speed(_ESP_S3, _PLAIN, 1.16, 1.04, 0.5, stream=_FLASH_S3),
    ("rv32imc", "esp_nn"): Speed(_ESP_C, _PLAIN_C, 0.74, 1.0, 0.5, stream=_FLASH_C3),
    ("rv32-pie", "esp_nn"): Speed(_ESP_P4, _PLAIN, 1.06, 0.94, 0.5, stream=_FLASH_P4),
    ("cortex-m0plus", "reference"): Speed(
        REFERENCE, _PLAIN, 2.0, 2.0, 1.0, False, stream=_FLASH_PICO
    ),
    ("cortex-m4", "reference"): Speed(REFERENCE, _PLAIN, 2.44, 2.44, 1.0),
    ("cortex-m7", "reference"): Speed(REFERENCE, _PLAIN, 0.61, 0.61, 1.0),
    ("cortex-m33", "reference"): Speed(REFERENCE, _PLAIN, 2.0, 2.0, 1.0, False),
    ("cortex-m55", "reference"): Speed(REFERENCE, _PLAIN, 1.5, 1.5, 1.0, False),
    ("cortex-m85", "reference"): Speed(REFERENCE, _PLAIN, 1.5, 1.5, 1.0, False),
    ("xtensa-lx6", "reference"): Speed(REFERENCE, _PLAIN, 1.82, 1.82, 0.6, stream=_FLASH_LX6),
    ("xtensa-lx7", "reference"): Speed(REFERENCE, _PLAIN, 1.04, 1.04, 0.5, stream=_FLASH_S3),
    ("rv32imc", "reference"): Speed(REFERENCE, _PLAIN, 1.0, 1.0, 0.5, stream=_FLASH_C3),
    ("rv32-pie", "reference"): Speed(REFERENCE, _PLAIN, 0.94, 0.94, 0.5, stream=_FLASH_P4),
    ("rv64gc", "reference"): Speed(REFERENCE, _PLAIN, 1.2, 1.2, 1.0, False),
}
