"""How sure one can be of a share that was counted on some images."""

import math

# Two-sided 95 %.
_Z = 1.959964


def wilson_interval(share: float, count: int) -> tuple[float, float]:
    """Returns the 95 % confidence interval of a binomial proportion.

    Unlike the normal approximation it holds for shares near 0 and 1 and for few images.

    Source: Wilson (1927), Probable inference, the law of succession, and statistical inference.

    Args:
        share: what was counted, over `count`.
        count: of what, at least 1.
    """
    spread = _Z**2 / count
    centre = (share + spread / 2) / (1 + spread)
    reach = math.sqrt(spread * (share * (1 - share) + spread / 4)) / (1 + spread)
    return max(0.0, centre - reach), min(1.0, centre + reach)
