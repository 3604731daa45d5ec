"""Changes of pixel values that RandAugment needs and KerasCV does not compute as PIL does.

Each function takes images, uint8 (batch, height, width, channels), and one magnitude an image,
float32 (batch,), and returns images of the same type and shape. Every image may have its own
magnitude.
"""

import tensorflow as tf

# ITU-R 601 luma in 1/65536, as PIL converts to grey.
_LUMA = (19595, 38470, 7471)


def brightness(images: tf.Tensor, factor: tf.Tensor) -> tf.Tensor:
    """Scales brightness: 0 is black, 1 the image itself."""
    return _blend(0.0, images, factor)


def contrast(images: tf.Tensor, factor: tf.Tensor) -> tf.Tensor:
    """Scales contrast: 0 is the image's mean grey, 1 the image itself."""
    mean = tf.floor(tf.reduce_mean(tf.cast(_grey(images), tf.float32), axis=(1, 2)) + 0.5)
    return _blend(_per_image(mean), images, factor)


def posterize(images: tf.Tensor, bits: tf.Tensor) -> tf.Tensor:
    """Keeps the given number of high bits of each value, 0..8."""
    mask = 256 - 2 ** (8 - tf.cast(bits, tf.int32))
    return tf.bitwise.bitwise_and(images, _per_image(tf.cast(mask, tf.uint8)))


def equalize(images: tf.Tensor, _magnitude: tf.Tensor) -> tf.Tensor:
    """Spreads the grey levels of each channel evenly over 0..255 (PIL's ImageOps.equalize)."""
    batch, height, width, channels = tf.unstack(tf.shape(images))
    pixels = tf.cast(tf.transpose(images, [0, 3, 1, 2]), tf.int32)
    pixels = tf.reshape(pixels, [batch * channels, height * width])
    lookup = _equalizing_table(_histogram(pixels))
    equalized = tf.gather(tf.reshape(lookup, [-1]), pixels + _row_starts(pixels))
    equalized = tf.reshape(tf.cast(equalized, tf.uint8), [batch, channels, height, width])
    return tf.transpose(equalized, [0, 2, 3, 1])


def _grey(images: tf.Tensor) -> tf.Tensor:
    """Returns grey levels, int32 (batch, height, width)."""
    pixels = tf.cast(images, tf.int32)
    if images.shape[-1] == 1:
        return pixels[..., 0]
    return (tf.reduce_sum(pixels * _LUMA, axis=-1) + 0x8000) // 0x10000


def _histogram(pixels: tf.Tensor) -> tf.Tensor:
    """Counts the values 0..255 of each row of (rows, pixels): int32 (rows, 256)."""
    rows = tf.shape(pixels)[0]
    counts = tf.math.bincount(tf.reshape(pixels + _row_starts(pixels), [-1]), minlength=rows * 256)
    return tf.reshape(counts, [rows, 256])


def _row_starts(pixels: tf.Tensor) -> tf.Tensor:
    """Returns the position of each row's entry 0 in a flat table of 256 entries a row."""
    return 256 * tf.range(tf.shape(pixels)[0])[:, tf.newaxis]


def _equalizing_table(histogram: tf.Tensor) -> tf.Tensor:
    """Maps grey level to equalised level: int32 (rows, 256)."""
    levels = tf.range(256)
    last = tf.reduce_max(tf.where(histogram > 0, levels, 0), axis=1)
    last_count = tf.gather(histogram, last, batch_dims=1)
    step = ((tf.reduce_sum(histogram, axis=1) - last_count) // 255)[:, tf.newaxis]
    below = tf.cumsum(histogram, axis=1, exclusive=True)
    table = (step // 2 + below) // tf.maximum(step, 1)
    return tf.where(step > 0, tf.minimum(table, 255), levels)


def _blend(degenerate: tf.Tensor | float, images: tf.Tensor, factor: tf.Tensor) -> tf.Tensor:
    """Goes from the degenerate image (factor 0) through the image (1) and beyond."""
    blended = degenerate + _per_image(factor) * (tf.cast(images, tf.float32) - degenerate)
    return tf.cast(tf.clip_by_value(blended, 0, 255), tf.uint8)


def _per_image(values: tf.Tensor) -> tf.Tensor:
    return values[:, tf.newaxis, tf.newaxis, tf.newaxis]
