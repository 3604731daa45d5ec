"""Moves pixels of whole batches: any rearrangement by one gather, and shear as PIL does it."""

import tensorflow as tf


def take_pixels(images: tf.Tensor, rows: tf.Tensor, columns: tf.Tensor) -> tf.Tensor:
    """Takes every output pixel from a pixel of the same image.

    A flat gather: for moves by whole pixels several times faster than ImageProjectiveTransformV3.

    Args:
        images: uint8 (batch, height, width, channels).
        rows: int32, broadcastable to (batch, height, width).
        columns: int32, broadcastable to (batch, height, width).

    Returns:
        uint8 (batch, height, width, channels).
    """
    batch, height, width, channels = tf.unstack(tf.shape(images))
    first_rows = height * tf.range(batch)[:, tf.newaxis, tf.newaxis]
    pixels = tf.reshape(images, [batch * height * width, channels])
    taken = tf.gather(pixels, (first_rows + rows) * width + columns)
    return tf.ensure_shape(taken, images.shape)


def shear_x(images: tf.Tensor, slope: tf.Tensor) -> tf.Tensor:
    """Moves each row left by its distance from the top times a slope.

    Args:
        images: uint8 (batch, height, width, channels).
        slope: float32 (batch,).

    Returns:
        uint8 (batch, height, width, channels); nearest pixel, black outside.
    """
    height, width = tf.unstack(tf.shape(images)[1:3])
    distance = tf.range(tf.cast(height, tf.float32)) + 0.5
    centre = tf.range(tf.cast(width, tf.float32)) + 0.5
    source = centre + slope[:, tf.newaxis, tf.newaxis] * distance[:, tf.newaxis]
    columns = tf.cast(tf.floor(source), tf.int32)
    inside = (columns >= 0) & (columns < width)
    columns = tf.clip_by_value(columns, 0, width - 1)
    taken = take_pixels(images, tf.range(height)[:, tf.newaxis], columns)
    return taken * tf.cast(inside, tf.uint8)[..., tf.newaxis]


def shear_y(images: tf.Tensor, slope: tf.Tensor) -> tf.Tensor:
    """Moves each column up by its distance from the left times a slope; otherwise `shear_x`."""
    transposed = shear_x(tf.transpose(images, [0, 2, 1, 3]), slope)
    return tf.transpose(transposed, [0, 2, 1, 3])
