"""Power that boards draw while a model runs, from published energies.

MLPerf Tiny measures the energy of an inference and its time: their quotient hardly depends on the
model (within 10 % over four), so that a power is enough. Different runtimes on one board differ
more; the error covers them. `benchmarks/published_energies.csv` has the rows.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Power:
    """Of one board.

    Attributes:
        milliwatts: middle of the published rows.
        error: relative; no row is further off.
    """

    milliwatts: float
    error: float


POWER = {
    "stm32l4r5": Power(45.5, 0.16),
    "stm32h7a3": Power(128.5, 0.06),
    "stm32u575": Power(23.2, 0.03),
    "stm32u385": Power(5.5, 0.08),
    "ra6m4": Power(72.7, 0.04),
}
