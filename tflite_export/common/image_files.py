"""Reads image files of any usual kind as 8-bit RGB."""

import os
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

# Larger images (16384 x 8192 and the like) are refused: decoding one takes more than 500 MiB.
MAX_PIXELS = 2**27
# The longest that JPEG can have. Few pixels can still be one row too long for Pillow's buffers.
MAX_SIDE = 2**16 - 1

# Pillow warns of fewer pixels, in two lines. Its limit also holds for images within others (ICO),
# which `_check_size` does not see; of what is above it, `_check_size` says what there is to say.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)
# Of tags beside the pixels that are damaged, in two lines that name no file.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")

# Those that Pillow decodes by itself: EPS content, whatever the file is called, starts Ghostscript.
# JPEG includes the several pictures (MPO) of phones.
_FORMATS = (
    *("AVIF", "BMP", "DIB", "GIF", "ICO", "JPEG", "JPEG2000", "PCX", "PNG", "PPM", "QOI", "SGI"),
    *("TGA", "TIFF", "WEBP"),
)

Image.init()
_EXTENSIONS = frozenset(
    extension for extension, name in Image.registered_extensions().items() if name in _FORMATS
)


def is_image(path: Path) -> bool:
    """Tells by its name whether a file is meant to be an image; hidden files are not."""
    return path.suffix.lower() in _EXTENSIONS and not path.name.startswith(".")


def decode_image(path: str | os.PathLike) -> np.ndarray:
    """Reads one image file.

    Orientation tags are obeyed, grey is repeated, CMYK and palettes are converted, 16-bit grey is
    scaled to 8 bits, transparency is laid over white, and of an animation the first frame is taken.

    Args:
        path: of the file.

    Returns:
        uint8 (height, width, 3), red first.

    Raises:
        ValueError: the pixels are of a kind that has no fixed range, or too many, for example for
            the memory.
        OSError: the file cannot be read. Decoders also raise errors of other types.
    """
    try:
        with Image.open(path, formats=_FORMATS) as image:
            _check_size(image)
            return np.asarray(_to_rgb(ImageOps.exif_transpose(image)))
    except MemoryError as error:
        # It is this image that is too large: smaller ones after it can still be read.
        raise ValueError("the image needs more memory than there is: save it smaller") from error
    except Image.DecompressionBombError as error:
        raise ValueError(f"far more pixels than the {MAX_PIXELS} that are read") from error


def _check_size(image: Image.Image) -> None:
    size = f"{image.width} x {image.height} pixels"
    if image.width * image.height > MAX_PIXELS:
        raise ValueError(f"{size}, at most {MAX_PIXELS} are read")
    if max(image.size) > MAX_SIDE:
        raise ValueError(f"{size}, a side of at most {MAX_SIDE} is read")


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
