"""Pixel arithmetic of KerasCV's augmentation layers for magnitudes that the caller draws.

The layers draw from a stateful generator, which a parallel `tf.data` map does not repeat. Their
`augment_images(images, transformations)` is free of randomness, batched, and takes one magnitude an
image, so it is called directly with magnitudes drawn statelessly.

Only operations that agree with PIL are here. In KerasCV 0.9 contrast works on each channel's own
mean, brightness adds instead of multiplying, and equalisation takes the rarest instead of the last
grey level out of its step; those are in `pixel_ops`. Its shear turns about the centre of the first
pixel instead of the image's corner; see `geometry`.
"""

import functools
import math
from typing import Any

import tensorflow as tf

_MID_GREY = 127
_BLACK_OUTSIDE = {"fill_mode": "constant", "fill_value": 0.0, "interpolation": "nearest"}


@functools.cache
def _layer(name: str, **arguments: Any) -> Any:
    """Returns a KerasCV layer, built at the first call and outside of any graph.

    Layers create a random generator, a variable that must not be made while a dataset function is
    traced, nor at import, before a distribution strategy can be set up.
    """
    import keras_cv  # takes longer to import than all else here

    with tf.init_scope():
        return getattr(keras_cv.layers, name)(dtype="float32", **arguments)


def _augment(layer: Any, images: tf.Tensor, transformations: Any) -> tf.Tensor:
    # Truncated, not rounded, as PIL does.
    augmented = layer.augment_images(tf.cast(images, tf.float32), transformations=transformations)
    return tf.cast(augmented, tf.uint8)


def _per_image(values: tf.Tensor) -> tf.Tensor:
    return values[:, tf.newaxis, tf.newaxis, tf.newaxis]


def autocontrast(images: tf.Tensor, _magnitude: tf.Tensor) -> tf.Tensor:
    """Stretches each channel to 0..255; a channel of one value stays as it is."""
    return _augment(_layer("AutoContrast", value_range=(0, 255)), images, None)


def solarize(images: tf.Tensor, threshold: tf.Tensor) -> tf.Tensor:
    """Inverts pixels at or above the threshold, 0..256."""
    layer = _layer("Solarization", value_range=(0, 255))
    thresholds = _per_image(threshold)
    transformations = {"thresholds": thresholds, "additions": tf.zeros_like(thresholds)}
    return _augment(layer, images, transformations)


def color(images: tf.Tensor, factor: tf.Tensor) -> tf.Tensor:
    """Scales saturation: 0 is grey, 1 the image itself, more is more colourful.

    A grey image stays as it is, whether it has one channel or three.
    """
    if images.shape[-1] == 1:
        return images
    layer = _layer("RandomColorDegeneration", factor=1.0)
    return _augment(layer, images, _per_image(1 - factor))


def sharpness(images: tf.Tensor, factor: tf.Tensor) -> tf.Tensor:
    """Scales sharpness: 0 is smoothed (3x3), 1 the image itself, more is sharper."""
    layer = _layer("RandomSharpness", factor=1.0, value_range=(0, 255))
    # TensorFlow's depthwise convolution gives an empty batch a wrong shape.
    return tf.cond(
        tf.size(images) > 0,
        lambda: _augment(layer, images, _per_image(1 - factor)),
        lambda: images,
    )


def rotate(images: tf.Tensor, degrees: tf.Tensor) -> tf.Tensor:
    """Turns counter-clockwise about the image's centre; nearest pixel, black outside."""
    layer = _layer("RandomRotation", factor=0.1, **_BLACK_OUTSIDE)
    return _augment(layer, images, {"angles": degrees * (math.pi / 180)})


def translate_x(images: tf.Tensor, share: tf.Tensor) -> tf.Tensor:
    """Moves to the right by a share of the width, rounded to whole pixels; black outside."""
    return _translate(images, share, tf.zeros_like(share))


def translate_y(images: tf.Tensor, share: tf.Tensor) -> tf.Tensor:
    """Moves down by a share of the height, rounded to whole pixels; black outside."""
    return _translate(images, tf.zeros_like(share), share)


def _translate(images: tf.Tensor, right: tf.Tensor, down: tf.Tensor) -> tf.Tensor:
    layer = _layer("RandomTranslation", height_factor=0.3, width_factor=0.3, **_BLACK_OUTSIDE)
    transformations = {
        "width_translations": right[:, tf.newaxis],
        "height_translations": down[:, tf.newaxis],
    }
    return _augment(layer, images, transformations)


def fill_rectangles(
    images: tf.Tensor, centre_x: tf.Tensor, centre_y: tf.Tensor, width: int, height: int
) -> tf.Tensor:
    """Covers one rectangle an image in mid grey, cut off at the border.

    Args:
        images: uint8 (batch, height, width, channels).
        centre_x: int32 (batch,), column to the right of the rectangle's middle.
        centre_y: int32 (batch,), row below the rectangle's middle.
        width: in pixels.
        height: in pixels.

    Returns:
        uint8 (batch, height, width, channels).
    """
    layer = _layer("RandomCutout", height_factor=0.5, width_factor=0.5, fill_value=_MID_GREY)
    transformations = {
        "centers_x": centre_x,
        "centers_y": centre_y,
        "rectangles_width": tf.fill(tf.shape(centre_x), width),
        "rectangles_height": tf.fill(tf.shape(centre_y), height),
    }
    return _augment(layer, images, transformations)
