"""Well-known small nets, untrained, that one would choose for a board by hand."""

from typing import Any

import keras
import numpy as np

from tofa_tf.nets.recalibrate import recalibrate

layers = keras.layers


def standard_nets(image_size: int, classes: int, images: np.ndarray) -> dict[str, keras.Model]:
    """Returns the nets by name, each from an image to logits.

    Args:
        image_size: pixels, at least 32.
        classes: number of logits.
        images: float32 (n, image_size, image_size, channels), normalised; batch norm takes its
            statistics from them, because the activations of a fresh net vanish and no int8 range
            suits them.
    """
    shape = (image_size, image_size, images.shape[-1])
    common = {"input_shape": shape, "weights": None, "classes": classes}
    nets = {
        "MobileNetV2-0.35": keras.applications.MobileNetV2(
            alpha=0.35, classifier_activation=None, **common
        ),
        "MobileNetV3-Small minimalistic": keras.applications.MobileNetV3Small(
            alpha=1.0,
            minimalistic=True,
            include_preprocessing=False,
            classifier_activation=None,
            **common,
        ),
        "ResNet-8": resnet8(shape, classes),
    }
    for net in nets.values():
        recalibrate(net, images)
    return nets


def resnet8(shape: tuple[int, int, int], classes: int) -> keras.Model:
    """Returns the image classification net of MLPerf Tiny, at 32 pixels 12.5 MMACs.

    Args:
        shape: (height, width, channels) of the image.
        classes: number of logits.

    Source: MLPerf Tiny, training/image_classification.
    """

    def conv(x: Any, filters: int, kernel: int, stride: int = 1) -> Any:
        return layers.Conv2D(filters, kernel, stride, padding="same")(x)

    def block(x: Any, filters: int, stride: int) -> Any:
        y = layers.ReLU()(layers.BatchNormalization()(conv(x, filters, 3, stride)))
        y = layers.BatchNormalization()(conv(y, filters, 3))
        return layers.ReLU()(layers.Add()([x if stride == 1 else conv(x, filters, 1, stride), y]))

    inputs = layers.Input(shape)
    x = layers.ReLU()(layers.BatchNormalization()(conv(inputs, 16, 3)))
    x = block(block(block(x, 16, 1), 32, 2), 64, 2)
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, layers.Dense(classes)(x))
