"""A teacher that costs nothing: colours averaged over quarters of the image."""

import keras

from tofa_tf.teacher.trunk import Trunk


def small_trunk(name: str = "small") -> Trunk:
    """Describes images of 16 x 16 by 64 numbers."""
    image = keras.Input((16, 16, 1))
    pooled = keras.layers.Flatten()(keras.layers.AveragePooling2D(2)(image))
    return Trunk(name, f"fingerprint of {name}", keras.Model(image, pooled), 127.5, 127.5)
