"""Reads image files of any usual kind into RGB arrays of one size."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from absl import logging
from PIL import Image, ImageOps

from tofa_tf.common.errors import UserError
from tofa_tf.data.resize import resize

# Larger images (16384 x 8192 and the like) are skipped: decoding one takes more than 500 MiB.
MAX_PIXELS = 2**27

Image.init()
_EXTENSIONS = frozenset(Image.registered_extensions())


def is_image(path: Path) -> bool:
    """Tells by its name whether a file is meant to be an image; hidden files are not."""
    return path.suffix.lower() in _EXTENSIONS and not path.name.startswith(".")


def decode(path: str | os.PathLike, size: int) -> np.ndarray:
    """Reads one image file as RGB and resizes it by `resize.resize`.

    Orientation tags are obeyed, grey is repeated, CMYK and palettes are converted, 16-bit grey is
    scaled to 8 bits, transparency is laid over white, and of an animation the first frame is taken.

    Args:
        path: of the file.
        size: side of the result in pixels.

    Returns:
        uint8 array (size, size, 3).

    Raises:
        ValueError: the pixels are of a kind that has no fixed range, or too many.
        OSError: the file cannot be read. Decoders also raise errors of other types.
    """
    with Image.open(path) as image:
        if image.width * image.height > MAX_PIXELS:
            raise ValueError(
                f"{image.width} x {image.height} pixels, at most {MAX_PIXELS} are read"
            )
        return resize(np.asarray(_to_rgb(ImageOps.exif_transpose(image))), size)


def decode_all(
    paths: Sequence[Path], size: int, what: str
) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Reads many image files; those that cannot be read are skipped and listed.

    Args:
        paths: of the files.
        size: side of the images in pixels.
        what: the user's name for these files, for messages.

    Returns:
        The images that could be read, uint8 array (m, size, size, 3), in the order of `paths`; a
        bool array (n,) that tells for each path whether it was read; one line "path: reason" for
        each that was not.

    Raises:
        UserError: more than half of the files cannot be read.
    """
    images = np.empty((len(paths), size, size, 3), np.uint8)

    def read(position: int) -> str | None:
        try:
            images[position] = decode(paths[position], size)
        except MemoryError:
            raise
        except Exception as error:  # damaged files make decoders raise errors of any type
            return f"{paths[position]}: {error or type(error).__name__}"
        return None

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        reasons = list(pool.map(read, range(len(paths))))
    readable = np.array([reason is None for reason in reasons], bool)
    skipped = [reason for reason in reasons if reason is not None]
    if 2 * len(skipped) > len(paths):
        raise UserError(
            f"{len(skipped)} of {len(paths)} images in {what} cannot be read; the first is "
            f"{skipped[0]}"
        )
    for line in skipped:
        logging.warning("skipped unreadable image %s", line)
    return (images if readable.all() else images[readable]), readable, skipped


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode == "F":
        raise ValueError("floating-point pixels have no fixed range: save the image with 8 bits")
    if image.mode.startswith("I"):
        return _from_16_bits(np.asarray(image))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    return image.convert("RGB")


def _from_16_bits(pixels: np.ndarray) -> Image.Image:
    if pixels.min() < 0 or pixels.max() > 0xFFFF:
        raise ValueError("pixels of more than 16 bits: save the image with 8 bits")
    return Image.fromarray(np.rint(pixels / 257).astype(np.uint8)).convert("RGB")
