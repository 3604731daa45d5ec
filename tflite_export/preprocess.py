"""From a raw image to the tensor of a model: the one rule of training, export and firmware.

Exact to the bit and in integers, so that firmware computes the same
(`firmware/templates/model/preprocess_image.c`):

0. Pixels of 16 bits (RGB565) to 8 bits: the highest bits of a value are repeated below it.
1. Colour. Three channels to grey: (19595 R + 38470 G + 7471 B + 32768) >> 16 (ITU-R BT.601). Grey
   to three channels: repeated. "bgr" is "rgb" backwards.
2. Crop of a height x width image for a target of h x w pixels. "centre": all rows and
   floor(height * w / h) columns if height * w <= width * h, else all columns and
   floor(width * h / w) rows; at least one, beginning at floor(rest / 2). A square target gets the
   central square. "stretch": all.
3. Resize, first along rows, to the target's width, then along columns, to its height; a pass that
   would keep the length changes nothing. For output i of a pass from n to m pixels, in units of
   1 / 2m of an input pixel:
       reach = 2 max(n, m), centre = (2i + 1) n
       share of pixel j: max(0, reach - |(2j + 1) m - centre|)
       weight of pixel j: floor(2^22 * share / sum of shares + 1/2)
       output = (2^21 + sum of weight * pixel) >> 22
   Enlarging is bilinear interpolation with half-pixel centres, shrinking averages. Both passes
   round to 8 bits. Along one axis this is Pillow's BILINEAR (Resample.c), which computes the
   weights in doubles; no sides up to 16384 are known where these round otherwise, and tests compare
   many. Which axis comes first is left to no library.
4. Normalise: (p - mean) / std in float32.

An orientation tag of a file is obeyed before all this, see `common/image_files.py`.
"""

import numpy as np
from PIL import Image

from tflite_export.common.errors import ExportError
from tflite_export.input_spec import CHANNELS, CROPS, InputSpec

# ITU-R BT.601 times 2^16; they add up to 2^16, so that grey stays what it is.
_GREY = np.array([19595, 38470, 7471], np.uint32)
_GREY_BITS = 16


def prepare(image: np.ndarray, spec: InputSpec) -> np.ndarray:
    """Returns the pixels that a model sees, before they are normalised (steps 1 to 3).

    Args:
        image: uint8 (height, width, 3), red first, or (height, width, 1), grey.
        spec: of an image input; one of a named colour order.

    Returns:
        uint8 array of the shape of `spec`.

    Raises:
        ExportError: if it is no such image, or the spec is of something else.
    """
    if not spec.colour:
        raise ExportError(
            f"an input of shape {spec.shape} is not made of image files, which have 1 (grey) or 3 "
            "channels: give arrays"
        )
    coloured = to_colour(image, spec.colour)
    return crop_resize(coloured, spec.shape[0], spec.shape[1], spec.crop)


def to_tensor(image: np.ndarray, spec: InputSpec) -> np.ndarray:
    """Returns what a model computes with: float32 of the shape of `spec`; see `prepare`."""
    return normalise(prepare(image, spec), spec.mean, spec.std)


def to_colour(image: np.ndarray, colour: str) -> np.ndarray:
    """Returns an image with the channels of a colour order (step 1).

    Args:
        image: uint8 (height, width, 3), red first, or grey (height, width, 1), (height, width).
        colour: "rgb", "bgr" or "grey".

    Returns:
        uint8 (height, width, channels).
    """
    image = image[..., np.newaxis] if image.ndim == 2 else image
    _check(image)
    is_grey = image.shape[2] == 1
    if colour == "grey":
        if is_grey:
            return image
        weighted = image.astype(np.uint32) @ _GREY
        return ((weighted + (1 << (_GREY_BITS - 1))) >> _GREY_BITS).astype(np.uint8)[..., None]
    if colour not in CHANNELS:
        raise ExportError(f"colour={colour!r}: choose one of {', '.join(CHANNELS)}")
    if is_grey:
        return np.repeat(image, 3, axis=2)
    return image if colour == "rgb" else image[..., ::-1]


def from_rgb565(words: np.ndarray) -> np.ndarray:
    """Returns an image of 16-bit pixels with 8 bits a colour (step 0).

    Args:
        words: uint16 (height, width): 5 bits of red, the highest, 6 of green, 5 of blue.

    Returns:
        uint8 (height, width, 3), red first.
    """
    red, green, blue = words >> 11, words >> 5 & 63, words & 31
    colours = (red << 3 | red >> 2, green << 2 | green >> 4, blue << 3 | blue >> 2)
    return np.stack(colours, axis=-1).astype(np.uint8)


def crop_resize(image: np.ndarray, height: int, width: int, crop: str = "centre") -> np.ndarray:
    """Returns an image in another size (steps 2 and 3); one of that size is returned as it is.

    Args:
        image: uint8 (rows, columns, channels) of 1 or 3 channels.
        height: of the result in pixels.
        width: of the result in pixels.
        crop: "centre" or "stretch".

    Returns:
        uint8 (height, width, channels).
    """
    _check(image)
    if crop not in CROPS:
        raise ExportError(f"crop={crop!r}: choose one of {', '.join(CROPS)}")
    if image.shape[:2] == (height, width):
        return image
    if crop == "centre":
        top, left, rows, columns = central_part(image.shape[0], image.shape[1], height, width)
        image = image[top : top + rows, left : left + columns]
    pixels = np.ascontiguousarray(image[..., 0] if image.shape[2] == 1 else image)
    # Two calls, for Pillow would choose the order of passes by what is faster.
    along_rows = Image.fromarray(pixels).resize((width, len(pixels)), Image.Resampling.BILINEAR)
    resized = along_rows.resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(resized).reshape(height, width, image.shape[2])


def normalise(values: np.ndarray, mean: tuple[float, ...], std: tuple[float, ...]) -> np.ndarray:
    """Returns (values - mean) / std as float32 (step 4).

    Args:
        values: raw values (..., channels), of any type.
        mean: one value, or one for each channel.
        std: likewise.
    """
    centred = np.asarray(values, np.float32) - np.asarray(mean, np.float32)
    return centred / np.asarray(std, np.float32)


def central_part(rows: int, columns: int, height: int, width: int) -> tuple[int, int, int, int]:
    """Returns which part of an image is kept for a target of other proportions (step 2).

    Args:
        rows: of the image.
        columns: likewise.
        height: of the target.
        width: likewise.

    Returns:
        Its first row and column, its rows and columns.
    """
    if rows * width <= columns * height:
        kept_rows, kept_columns = rows, max(1, rows * width // height)
    else:
        kept_rows, kept_columns = max(1, columns * height // width), columns
    return (rows - kept_rows) // 2, (columns - kept_columns) // 2, kept_rows, kept_columns


def _check(image: np.ndarray) -> None:
    if image.ndim != 3 or image.shape[2] not in (1, 3) or image.dtype != np.uint8:
        raise ExportError(
            f"the image is {image.dtype} of shape {image.shape}; uint8 (height, width, 1 or 3) is "
            "needed"
        )
