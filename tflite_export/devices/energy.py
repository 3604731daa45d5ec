"""Power that boards draw while a model runs, from published energies.

MLPerf Tiny measures the energy of an inference and its time: their quotient hardly depends on the
model (within 10 % over four), so that a power is enough. `benchmarks/published_energies.csv` has
the rows. Different runtimes on one board differ more: those of the stm32l4r5 by 16 %, which is
taken for the boards too of which one runtime alone is published.
"""

from dataclasses import dataclass

_OF_RUNTIMES = 0.16


@dataclass(frozen=True)
class Power:
    """Of one board.

    Attributes:
        milliwatts: middle of the published rows.
        error: relative; no row is further off, nor would those of other runtimes.
    """

    milliwatts: float
    error: float


POWER = {
    "stm32l4r5": Power(45.5, _OF_RUNTIMES),
    "stm32h7a3": Power(128.5, _OF_RUNTIMES),
    "stm32u575": Power(23.2, _OF_RUNTIMES),
    "stm32u385": Power(5.5, _OF_RUNTIMES),
    "ra6m4": Power(72.7, _OF_RUNTIMES),
}
