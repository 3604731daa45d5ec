"""Figures for people."""


def digits(value: float, count: int = 3) -> str:
    """Returns a number of so many significant digits, never with a power of ten where it is large.

    Args:
        value: such as 1312.3, which becomes 1312.
        count: of digits; those before the point all stay.
    """
    return f"{value:.0f}" if abs(value) >= 10 ** (count - 1) else f"{value:.{count}g}"
