"""What bad light, cheap sensors and compression do to images, each at three strengths.

Source: the kinds of ImageNet-C (arXiv 1903.12261) that a small camera is likely to make.
"""

import io
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageFilter

from tofa_tf.common.errors import UserError

STRENGTHS = 3
_GREY_AXIS = 1


def corrupted(images: np.ndarray, kind: str, strength: int, seed: int = 0) -> np.ndarray:
    """Returns images as they look after a corruption.

    Args:
        images: uint8 (n, height, width, channels).
        kind: one of `CORRUPTIONS`.
        strength: from 0, the weakest, to `STRENGTHS` - 1.
        seed: of the noise.

    Raises:
        UserError: if there is no such kind or strength.
    """
    if kind not in CORRUPTIONS:
        raise UserError(f"unknown corruption {kind!r}; available: {', '.join(CORRUPTIONS)}")
    if not 0 <= strength < STRENGTHS:
        raise UserError(f"strength is {strength}: it must lie between 0 and {STRENGTHS - 1}")
    change, amounts = CORRUPTIONS[kind]
    return change(images, amounts[strength], np.random.default_rng(seed))


def _noise(images: np.ndarray, amount: float, generator: np.random.Generator) -> np.ndarray:
    """Gaussian, of a standard deviation that is a share of the range."""
    return _pixels(images + 255.0 * amount * generator.standard_normal(images.shape))


def _blur(images: np.ndarray, amount: float, generator: np.random.Generator) -> np.ndarray:
    """Gaussian, of a radius that is a share of the height."""
    blurred = ImageFilter.GaussianBlur(amount * images.shape[1])
    return _one_by_one(images, lambda image: image.filter(blurred))


def _brightness(images: np.ndarray, amount: float, generator: np.random.Generator) -> np.ndarray:
    """A share of the range is added."""
    return _pixels(images + 255.0 * amount)


def _contrast(images: np.ndarray, amount: float, generator: np.random.Generator) -> np.ndarray:
    """That share of every difference to an image's mean is left."""
    mean = images.mean(axis=(1, 2), keepdims=True)
    return _pixels(mean + amount * (images - mean))


def _jpeg(images: np.ndarray, amount: float, generator: np.random.Generator) -> np.ndarray:
    """Compressed at that quality."""

    def compressed(image: Image.Image) -> Image.Image:
        file = io.BytesIO()
        image.save(file, "JPEG", quality=int(amount))
        return Image.open(file)

    return _one_by_one(images, compressed)


_Change = Callable[[np.ndarray, float, np.random.Generator], np.ndarray]
CORRUPTIONS: dict[str, tuple[_Change, tuple[float, ...]]] = {
    "noise": (_noise, (0.04, 0.08, 0.16)),
    "blur": (_blur, (0.02, 0.03, 0.05)),
    "brightness": (_brightness, (0.1, 0.2, 0.3)),
    "contrast": (_contrast, (0.75, 0.5, 0.3)),
    "jpeg": (_jpeg, (60, 30, 10)),
}


def _pixels(values: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def _one_by_one(images: np.ndarray, change: Callable[[Image.Image], Image.Image]) -> np.ndarray:
    grey = images.shape[-1] == _GREY_AXIS
    changed = [
        np.asarray(change(Image.fromarray(image[..., 0] if grey else image))) for image in images
    ]
    return np.stack(changed).reshape(images.shape)
