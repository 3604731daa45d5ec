"""The affine int8 rule `real = scale * (q - zero_point)`, rounded as TFLite's own kernels round."""

import numpy as np

# Adding the largest float32 below one half and cutting off rounds halves away from zero, exactly.
_ALMOST_HALF = np.nextafter(np.float32(0.5), np.float32(0.0))


def quantize(values: np.ndarray, scale: float, zero_point: int) -> np.ndarray:
    """Quantises float values to int8.

    Args:
        values: float array of any shape.
        scale: real size of one step.
        zero_point: int8 value that stands for 0.0.

    Returns:
        int8 array of the same shape; values out of range saturate.
    """
    steps = np.asarray(values, np.float32) / np.float32(scale)
    rounded = np.trunc(steps + np.copysign(_ALMOST_HALF, steps))
    return np.clip(rounded + zero_point, -128, 127).astype(np.int8)


def dequantize(values: np.ndarray, scale: float, zero_point: int) -> np.ndarray:
    """Returns the float32 values that int8 `values` stand for."""
    return (values.astype(np.int32) - zero_point).astype(np.float32) * np.float32(scale)
