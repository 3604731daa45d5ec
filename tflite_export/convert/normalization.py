"""What pixels become before a model sees them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tflite_export.common.errors import ExportError


@dataclass(frozen=True)
class Normalization:
    """What pixels become before the model sees them: `(pixel - mean) / std`, pixel in 0..255.

    Attributes:
        mean: one for all channels, or one per channel.
        std: likewise.
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]

    def __str__(self) -> str:
        mean, std = (
            ", ".join(f"{value:g}" for value in values) for values in (self.mean, self.std)
        )
        return f"(pixel - [{mean}]) / [{std}]"

    def __call__(self, pixels: np.ndarray) -> np.ndarray:
        """Returns `pixels` (batch, height, width, channels) as normalised float32."""
        for values, name in ((self.mean, "mean"), (self.std, "std")):
            if len(values) not in (1, pixels.shape[-1]):
                raise ExportError(
                    f"--{name} has {len(values)} values; give one, or one for each of "
                    f"{pixels.shape[-1]} channels"
                )
        return (pixels.astype(np.float32) - np.float32(self.mean)) / np.float32(self.std)


def parse_normalization(
    mean: Sequence[str] | None, std: Sequence[str] | None
) -> Normalization | None:
    """Returns what the flags --mean and --std ask for; None if neither was given.

    Raises:
        ExportError: if only one was given, or a value is no number, or a std is not above 0.
    """
    if mean is None and std is None:
        return None
    if mean is None or std is None:
        raise ExportError("--mean and --std go together: give both or neither")
    try:
        parsed = Normalization(tuple(map(float, mean)), tuple(map(float, std)))
    except ValueError as error:
        raise ExportError(f"--mean and --std are numbers, separated by commas: {error}") from error
    if not all(value > 0 for value in parsed.std):
        raise ExportError(f"--std={','.join(std)}: every value must be above 0")
    return parsed


def default_normalization(model, pixels: np.ndarray) -> Normalization:
    """Returns what suits a model and images for which nothing was said.

    Args:
        model: Keras model; one that rescales by itself gets pixels as they are.
        pixels: (batch, height, width, channels); floats are taken for normalised already.
    """
    first_layers = (type(layer).__name__ for layer in model.layers[:3])
    if pixels.dtype.kind == "f" or any(n in ("Rescaling", "Normalization") for n in first_layers):
        return Normalization((0.0,), (1.0,))
    # On the board the int8 input then simply is pixel - 128.
    return Normalization((128.0,), (128.0,))
