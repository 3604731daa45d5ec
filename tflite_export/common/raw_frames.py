"""Frames as a camera delivers them: files of bare pixels, row by row, without a header."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from tflite_export.common.errors import ExportError
from tflite_export.preprocess import from_rgb565

# Bytes of a pixel, and how they become an image, by name; firmware has the same as `model_format`.
_KINDS: dict[str, tuple[int, Callable[[np.ndarray], np.ndarray]]] = {
    "rgb888": (3, lambda pixels: pixels),
    "rgb565": (2, lambda pixels: from_rgb565(pixels.view("<u2")[..., 0])),
    "rgb565be": (2, lambda pixels: from_rgb565(pixels.view(">u2")[..., 0])),
    "grey": (1, lambda pixels: pixels),
}
PIXELS = tuple(_KINDS)


def named_frames(
    path: Path, width: int, height: int, pixels: str = ""
) -> Iterator[tuple[str, np.ndarray]]:
    """Yields the frames of a file, one after the other, with what they are called.

    Args:
        path: of the file.
        width: of a frame in pixels.
        height: likewise.
        pixels: one of `PIXELS`; empty: the file's extension says it.

    Yields:
        uint8 (height, width, 3 or 1).

    Raises:
        ExportError: if the file cannot be read, nobody says what its pixels are, or it does not
            hold whole frames.
    """
    kind = pixels or path.suffix.lower().removeprefix(".")
    if kind not in _KINDS:
        raise ExportError(
            f"{path}: say what its pixels are, pixels={', '.join(PIXELS[:-1])} or {PIXELS[-1]}"
        )
    if min(width, height) < 1:
        raise ExportError(f"width={width}, height={height}: a frame has at least one pixel")
    pixel_bytes, to_image = _KINDS[kind]
    if path.exists() and not path.is_file():
        raise ExportError(f"{path} is no file of frames")
    try:
        content = np.frombuffer(path.read_bytes(), np.uint8)
    except OSError as error:
        raise ExportError(f"cannot read {path}: {error.strerror}") from error
    size = width * height * pixel_bytes
    if not len(content) or len(content) % size:
        raise ExportError(
            f"{path} has {len(content)} bytes; a frame of {width} x {height} pixels of {kind} has "
            f"{size}: mend width, height or pixels"
        )
    frames = content.reshape(-1, height, width, pixel_bytes)
    for number, frame in enumerate(frames):
        yield str(path) if len(frames) == 1 else f"{path}[{number}]", to_image(frame)
