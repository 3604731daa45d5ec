"""What the guard left out of a run, to look at: numbers, names and a sheet of images."""

import math
from pathlib import Path

import numpy as np
from PIL import Image

from tofa_tf.common.files import replacing, write_json
from tofa_tf.data.records import ImageSet

FOREIGN_JSON = "foreign.json"
FOREIGN_PNG = "foreign.png"
_SHOWN = 48
_COLUMNS = 12
_ZOOM_TO = 64


def write_foreign(folder: Path, pool: ImageSet, looked_at: int, left_out: np.ndarray) -> None:
    """Writes foreign.json and, where something was left out, foreign.png.

    Args:
        folder: of the run.
        pool: of the training images.
        looked_at: how many unlabelled images there were.
        left_out: positions in the pool of those left out, the most foreign first.
    """
    worst = pool.take(left_out[:_SHOWN])
    write_json(
        folder / FOREIGN_JSON,
        {
            "unlabelled_images": looked_at,
            "look_foreign": len(left_out),
            "most_foreign": worst.ids.tolist(),
        },
    )
    if len(worst):
        with replacing(folder / FOREIGN_PNG) as temporary:
            Image.fromarray(sheet(np.asarray(worst.images))).save(temporary)


def sheet(images: np.ndarray) -> np.ndarray:
    """Returns images side by side in rows, (height, width, 3).

    Args:
        images: uint8 (n, size, size, 3) or grey (n, size, size, 1).
    """
    size, rows = images.shape[1], math.ceil(len(images) / _COLUMNS)
    page = np.full((rows * size, _COLUMNS * size, 3), 255, np.uint8)
    for number, image in enumerate(images):
        row, column = (size * each for each in divmod(number, _COLUMNS))
        page[row : row + size, column : column + size] = image
    zoom = max(1, _ZOOM_TO // size)
    return page.repeat(zoom, axis=0).repeat(zoom, axis=1)
