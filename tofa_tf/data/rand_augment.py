"""RandAugment as FixMatch's authors run it: 2 of 14 operations, each with probability 0.5.

Ranges are those of the authors' code (google-research/fixmatch, `AugmentPoolRAMC` with the
AutoAugment operations), levels 1 to 9, not those of the paper's table, which only darkens and
flattens. Their translation of 1 to 9 pixels on 32 x 32 images is kept as a share of the side at
other sizes.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from tofa_tf.data import geometry, keras_cv_ops, pixel_ops
from tofa_tf.distribute.share import WHOLE, Share

LEVELS = np.arange(1, 10)

_ENHANCE = 0.18 * LEVELS + 0.1
_SHEAR = 0.03 * LEVELS
_TRANSLATE = LEVELS / 32


@dataclass(frozen=True)
class Distortion:
    """One operation of RandAugment.

    Attributes:
        name: as in the paper.
        apply: function of images, uint8 (batch, height, width, channels), and magnitudes, float32
            (batch,), that returns images.
        magnitudes: magnitude at each of `LEVELS`.
        signed: whether half of the magnitudes are negated.
    """

    name: str
    apply: Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
    magnitudes: np.ndarray
    signed: bool = False


def _identity(images: tf.Tensor, _magnitude: tf.Tensor) -> tf.Tensor:
    return images


_NONE = np.zeros(len(LEVELS))

OPS = (
    Distortion("Identity", _identity, _NONE),
    Distortion("AutoContrast", keras_cv_ops.autocontrast, _NONE),
    Distortion("Equalize", pixel_ops.equalize, _NONE),
    Distortion("Rotate", keras_cv_ops.rotate, 3.0 * LEVELS, signed=True),
    Distortion("Solarize", keras_cv_ops.solarize, 256 - 256 * LEVELS // 10),
    Distortion("Color", keras_cv_ops.color, _ENHANCE),
    Distortion("Contrast", pixel_ops.contrast, _ENHANCE),
    Distortion("Brightness", pixel_ops.brightness, _ENHANCE),
    Distortion("Sharpness", keras_cv_ops.sharpness, _ENHANCE),
    Distortion("ShearX", geometry.shear_x, _SHEAR, signed=True),
    Distortion("ShearY", geometry.shear_y, _SHEAR, signed=True),
    Distortion("TranslateX", keras_cv_ops.translate_x, _TRANSLATE, signed=True),
    Distortion("TranslateY", keras_cv_ops.translate_y, _TRANSLATE, signed=True),
    Distortion("Posterize", pixel_ops.posterize, 4 - 4 * LEVELS // 10),
)


def rand_augment(
    images: tf.Tensor, seed: tf.Tensor, *, num_ops: int = 2, share: Share = WHOLE
) -> tf.Tensor:
    """Applies operations drawn anew for every image, with replacement.

    Args:
        images: uint8 (batch, height, width, channels).
        seed: integers (2,).
        num_ops: how many operations follow each other; each is left out with probability 0.5.
        share: of a batch that the images are; the seed is that of the whole batch.

    Returns:
        uint8 (batch, height, width, channels).
    """
    for round_seed in tf.unstack(tf.random.split(seed, num_ops)):
        images = apply_ops(images, *draw(tf.shape(images)[0], round_seed, share))
    return images


def draw(batch: tf.Tensor, seed: tf.Tensor, share: Share = WHOLE) -> tuple[tf.Tensor, tf.Tensor]:
    """Draws one operation and its magnitude for every image.

    Args:
        batch: number of images.
        seed: integers (2,).
        share: as in `rand_augment`.

    Returns:
        Position in `OPS`, int32 (batch,), which is Identity for at least half of the images on
        average, and magnitude, float32 (batch,).
    """
    op_seed, level_seed, sign_seed, apply_seed = tf.unstack(tf.random.split(seed, 4))
    op = share.uniform([batch], op_seed, 0, len(OPS), tf.int32)
    level = share.uniform([batch], level_seed, 0, len(LEVELS), tf.int32)
    negated = share.uniform([batch], sign_seed) < 0.5
    applied = share.uniform([batch], apply_seed) < 0.5

    table = tf.constant(np.stack([each.magnitudes for each in OPS]), tf.float32)
    magnitude = tf.gather_nd(table, tf.stack([op, level], axis=1))
    signed = tf.gather(tf.constant([each.signed for each in OPS]), op)
    magnitude = tf.where(signed & negated, -magnitude, magnitude)
    return tf.where(applied, op, 0), magnitude


def apply_ops(images: tf.Tensor, op: tf.Tensor, magnitude: tf.Tensor) -> tf.Tensor:
    """Applies to each image its own operation; each operation runs once, on its images alone.

    Args:
        images: uint8 (batch, height, width, channels).
        op: int32 (batch,), position in `OPS`.
        magnitude: float32 (batch,).

    Returns:
        uint8 (batch, height, width, channels).
    """
    changed = _graph(tuple(images.shape[1:]))(images, op, magnitude)
    return tf.ensure_shape(changed, images.shape)


@functools.cache
def _graph(shape: tuple[int | None, ...]) -> Callable[..., tf.Tensor]:
    """The graph of `apply_ops` for images of a shape, made once for all rounds and batches."""

    def run(images: tf.Tensor, op: tf.Tensor, magnitude: tf.Tensor) -> tf.Tensor:
        positions = tf.dynamic_partition(tf.range(tf.shape(images)[0]), op, len(OPS))
        results = [
            each.apply(tf.gather(images, members), tf.gather(magnitude, members))
            for each, members in zip(OPS, positions, strict=True)
        ]
        return tf.dynamic_stitch(positions, results)

    # Not part of the graph that asks for it first.
    with tf.init_scope():
        return tf.function(run, autograph=False).get_concrete_function(
            tf.TensorSpec((None, *shape), tf.uint8),
            tf.TensorSpec((None,), tf.int32),
            tf.TensorSpec((None,), tf.float32),
        )
