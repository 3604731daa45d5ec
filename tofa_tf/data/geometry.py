"""Rotation, shear and translation as PIL does them: nearest pixel, black outside.

Each function takes images, uint8 (batch, height, width, 3), and one magnitude an image, float32
(batch,), and returns images of the same type and shape.
"""

import math

import tensorflow as tf


def rotate(images: tf.Tensor, degrees: tf.Tensor) -> tf.Tensor:
    """Turns counter-clockwise about the image's centre."""
    height, width = _sides(images)
    angle = degrees * (math.pi / 180)
    cos, sin = tf.cos(angle), tf.sin(angle)
    x, y = width / 2, height / 2
    return _affine(images, cos, -sin, x - cos * x + sin * y, sin, cos, y - sin * x - cos * y)


def shear_x(images: tf.Tensor, slope: tf.Tensor) -> tf.Tensor:
    """Moves each row to the left by slope times its distance from the top."""
    one, zero = tf.ones_like(slope), tf.zeros_like(slope)
    return _affine(images, one, slope, zero, zero, one, zero)


def shear_y(images: tf.Tensor, slope: tf.Tensor) -> tf.Tensor:
    """Moves each column up by slope times its distance from the left."""
    one, zero = tf.ones_like(slope), tf.zeros_like(slope)
    return _affine(images, one, zero, zero, slope, one, zero)


def translate_x(images: tf.Tensor, share: tf.Tensor) -> tf.Tensor:
    """Moves to the left by a share of the width, rounded to whole pixels."""
    one, zero = tf.ones_like(share), tf.zeros_like(share)
    return _affine(images, one, zero, tf.round(share * _sides(images)[1]), zero, one, zero)


def translate_y(images: tf.Tensor, share: tf.Tensor) -> tf.Tensor:
    """Moves up by a share of the height, rounded to whole pixels."""
    one, zero = tf.ones_like(share), tf.zeros_like(share)
    return _affine(images, one, zero, zero, zero, one, tf.round(share * _sides(images)[0]))


def take_pixels(images: tf.Tensor, rows: tf.Tensor, columns: tf.Tensor) -> tf.Tensor:
    """Takes every output pixel from a pixel of the same image.

    A flat gather: on CPUs several times faster than ImageProjectiveTransformV3.

    Args:
        images: uint8 (batch, height, width, 3).
        rows: int32, broadcastable to (batch, height, width).
        columns: int32, broadcastable to (batch, height, width).

    Returns:
        uint8 (batch, height, width, 3).
    """
    batch, height, width, channels = tf.unstack(tf.shape(images))
    first_rows = height * tf.range(batch)[:, tf.newaxis, tf.newaxis]
    pixels = tf.reshape(images, [batch * height * width, channels])
    taken = tf.gather(pixels, (first_rows + rows) * width + columns)
    return tf.ensure_shape(taken, images.shape)


def _sides(images: tf.Tensor) -> tuple[float, float]:
    return float(images.shape[1]), float(images.shape[2])


def _affine(images: tf.Tensor, *coefficients: tf.Tensor) -> tf.Tensor:
    """Takes each output pixel from the input pixel that an affine map points into.

    Args:
        images: uint8 (batch, height, width, 3).
        *coefficients: a, b, c, d, e, f, each (batch,), of x_in = a x + b y + c and
            y_in = d x + e y + f, where x and y are measured from the image's corner.
    """
    height, width = images.shape[1:3]
    a, b, c, d, e, f = (each[:, tf.newaxis, tf.newaxis] for each in coefficients)
    x = tf.range(width, dtype=tf.float32)[tf.newaxis, tf.newaxis, :] + 0.5
    y = tf.range(height, dtype=tf.float32)[tf.newaxis, :, tf.newaxis] + 0.5
    columns = tf.cast(tf.floor(a * x + b * y + c), tf.int32)
    rows = tf.cast(tf.floor(d * x + e * y + f), tf.int32)
    inside = (columns >= 0) & (columns < width) & (rows >= 0) & (rows < height)
    taken = take_pixels(
        images, tf.clip_by_value(rows, 0, height - 1), tf.clip_by_value(columns, 0, width - 1)
    )
    return taken * tf.cast(inside, tf.uint8)[..., tf.newaxis]
