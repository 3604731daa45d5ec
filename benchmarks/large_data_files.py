"""A folder of many small image files, each different, for `benchmark_large_data`."""

from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

CLASSES = 10
# Files that one process makes at a time, in the same folder.
_PART = 1000


def make_files(folder: Path, count: int, pixels: int) -> None:
    """Makes the files that are missing, of ten classes.

    Args:
        folder: of one sub-folder a class.
        count: of files.
        pixels: their height and width.

    Raises:
        ValueError: if there are files of another size or number.
    """
    plan, said = folder / "plan.txt", f"{count} images of {pixels} pixels\n"
    folder.mkdir(parents=True, exist_ok=True)
    if plan.exists() and plan.read_text() != said:
        raise ValueError(f"{folder} has {plan.read_text().strip()}: name another folder")
    plan.write_text(said)
    starts = range(0, count, _PART)
    with ProcessPoolExecutor() as pool:
        list(pool.map(_make_part, *zip(*((folder, n, count, pixels) for n in starts), strict=True)))


def _make_part(folder: Path, start: int, count: int, pixels: int) -> None:
    """Writes JPEG files of coloured blobs, unless an earlier call has come to the last of them."""
    path = folder / f"class{start // _PART % CLASSES}"
    path.mkdir(exist_ok=True)
    end = min(start + _PART, count)
    if (path / f"{end - 1:07}.jpg").exists():
        return
    generator = np.random.default_rng(start)
    for number in range(start, end):
        small = Image.fromarray(generator.integers(0, 256, (8, 8, 3), np.uint8))
        image = small.resize((pixels, pixels), Image.Resampling.BILINEAR)
        temporary = path / f".{number:07}.jpg"
        image.save(temporary, quality=80)
        temporary.replace(path / f"{number:07}.jpg")
