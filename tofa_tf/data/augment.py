"""Weak and strong augmentation of whole batches, as in FixMatch (arXiv 2001.07685, section 2.2).

Every function is a pure function of images and seed: the same seed gives the same images, also in
a parallel `tf.data` map, and changes images of every size alike. Images stay uint8 throughout.
"""

import tensorflow as tf

from tofa_tf.data import geometry, keras_cv_ops
from tofa_tf.data.rand_augment import rand_augment
from tofa_tf.distribute.share import WHOLE, Share

# Side of the cutout and largest shift of the weak augmentation, as shares of the image side.
_CUTOUT = 0.5
_SHIFT = 0.125


def weak(
    images: tf.Tensor, seed: tf.Tensor, *, flip: bool = True, share: Share = WHOLE
) -> tf.Tensor:
    """Mirrors half of the images and shifts each by up to 12.5 % with a reflected border.

    Args:
        images: uint8 (batch, height, width, channels).
        seed: integers (2,).
        flip: False where a mirrored image means something else, as with digits.
        share: of a batch that the images are; the seed is that of the whole batch.

    Returns:
        uint8 (batch, height, width, channels).
    """
    batch, height, width = tf.unstack(tf.shape(images)[:3])
    flip_seed, x_seed, y_seed = tf.unstack(tf.random.split(seed, 3))
    mirrored = share.uniform([batch, 1, 1], flip_seed) < (0.5 if flip else 0.0)
    x = tf.range(width)[tf.newaxis, tf.newaxis, :]
    y = tf.range(height)[tf.newaxis, :, tf.newaxis]
    right, down = (
        _draw_shift(batch, side, seed, share)
        for side, seed in ((images.shape[2], x_seed), (images.shape[1], y_seed))
    )
    columns = tf.where(mirrored, width - 1 - x, x) + right
    rows = y + down
    return geometry.take_pixels(images, _reflect(rows, height), _reflect(columns, width))


def strong(
    images: tf.Tensor, seed: tf.Tensor, *, flip: bool = True, share: Share = WHOLE
) -> tf.Tensor:
    """Applies `weak`, then `rand_augment`, then `cutout`, each with a seed of its own.

    Args:
        images: uint8 (batch, height, width, channels).
        seed: integers (2,).
        flip, share: as in `weak`.

    Returns:
        uint8 (batch, height, width, channels).
    """
    weak_seed, rand_seed, cutout_seed = tf.unstack(tf.random.split(seed, 3))
    augmented = weak(images, weak_seed, flip=flip, share=share)
    augmented = rand_augment(augmented, rand_seed, share=share)
    return cutout(augmented, cutout_seed, share=share)


def cutout(images: tf.Tensor, seed: tf.Tensor, *, share: Share = WHOLE) -> tf.Tensor:
    """Covers a square of half the image side in mid grey, centred anywhere in the image.

    A square centred near the border is cut off there (DeVries and Taylor, arXiv 1708.04552).

    Args:
        images: uint8 (batch, height, width, channels).
        seed: integers (2,).
        share: as in `weak`.

    Returns:
        uint8 (batch, height, width, channels).
    """
    batch, height, width = tf.unstack(tf.shape(images)[:3])
    x_seed, y_seed = tf.unstack(tf.random.split(seed, 2))
    return keras_cv_ops.fill_rectangles(
        images,
        _draw_below(width, [batch], x_seed, share),
        _draw_below(height, [batch], y_seed, share),
        int(_CUTOUT * images.shape[2]),
        int(_CUTOUT * images.shape[1]),
    )


def _draw_shift(batch: tf.Tensor, side: int, seed: tf.Tensor, share: Share) -> tf.Tensor:
    """Draws whole pixels from -12.5 % to 12.5 % of the side: int32 (batch, 1, 1)."""
    largest = round(_SHIFT * side)
    return _draw_below(2 * largest + 1, [batch, 1, 1], seed, share) - largest


def _draw_below(
    limit: int | tf.Tensor, shape: list[int | tf.Tensor], seed: tf.Tensor, share: Share
) -> tf.Tensor:
    """Draws whole numbers from 0, int32; of one seed the same part of any limit."""
    drawn = share.uniform(shape, seed)
    return tf.cast(drawn * tf.cast(limit, tf.float32), tf.int32)


def _reflect(index: tf.Tensor, side: tf.Tensor) -> tf.Tensor:
    """Mirrors positions outside of 0..side-1 at the border pixel, which is not repeated."""
    return (side - 1) - tf.abs((side - 1) - tf.abs(index))
