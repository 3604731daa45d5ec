"""Small Keras models as the exporter meets them, with activations that stay alive."""

import numpy as np


def mobile_net(
    keras,
    image_size: int = 16,
    widths: tuple[int, ...] = (8, 12, 16),
    classes: int = 5,
    mobile_v3: bool = False,
    seed: int = 0,
):
    """Returns inverted bottlenecks with ReLU6, or with hard-swish and squeeze-excite.

    Args:
        keras: the Keras namespace to build in: `keras` or `tf_keras`.
        image_size: pixels.
        widths: channels of the stem and of each stage; every stage has two blocks.
        classes: number of logits.
        mobile_v3: hard-swish and squeeze-excite instead of plain ReLU6.
        seed: of weights and batch-norm parameters.
    """
    keras.utils.set_random_seed(seed)
    layers = keras.layers

    def hard_sigmoid(x):
        return layers.Rescaling(1 / 6)(layers.ReLU(6.0)(layers.Rescaling(1.0, offset=3.0)(x)))

    def activate(x):
        return layers.Multiply()([x, hard_sigmoid(x)]) if mobile_v3 else layers.ReLU(6.0)(x)

    def conv(x, filters, kernel, strides=1):
        x = layers.Conv2D(filters, kernel, strides, padding="same", use_bias=False)(x)
        return layers.BatchNormalization(momentum=0.0)(x)

    def squeeze_excite(x):
        gate = layers.GlobalAveragePooling2D(keepdims=True)(x)
        gate = layers.ReLU()(layers.Conv2D(8, 1)(gate))
        return layers.Multiply()([x, hard_sigmoid(layers.Conv2D(x.shape[-1], 1)(gate))])

    def block(x, filters, strides):
        y = activate(conv(x, 4 * x.shape[-1], 1))
        y = layers.DepthwiseConv2D(3, strides, padding="same", use_bias=False)(y)
        y = activate(layers.BatchNormalization(momentum=0.0)(y))
        y = conv(squeeze_excite(y) if mobile_v3 else y, filters, 1)
        return layers.Add()([x, y]) if strides == 1 and x.shape[-1] == filters else y

    inputs = layers.Input((image_size, image_size, 3))
    x = activate(conv(inputs, widths[0], 3, 2))
    for width in widths[1:]:
        x = block(block(x, width, 2), width, 1)
    x = layers.Flatten()(layers.AveragePooling2D(x.shape[1])(x))
    model = keras.Model(inputs, layers.Dense(classes)(x))
    _settle(layers, model, np.random.default_rng(seed))
    return model


def random_images(count: int, image_size: int = 16, seed: int = 0) -> np.ndarray:
    """Returns smooth random images in [-1, 1], float32 (count, image_size, image_size, 3)."""
    rng = np.random.default_rng(seed)
    coarse = rng.uniform(-1, 1, (count, 4, 4, 3)).astype(np.float32)
    repeats = image_size // 4
    return coarse.repeat(repeats, axis=1).repeat(repeats, axis=2)


def _settle(layers, model, rng: np.random.Generator) -> None:
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            channels = layer.gamma.shape[0]
            layer.gamma.assign(rng.uniform(0.5, 1.5, channels))
            layer.beta.assign(rng.uniform(-0.5, 1.0, channels))
    # With momentum 0 one pass in training mode sets the moving statistics to those of the batch.
    model(random_images(256, model.inputs[0].shape[1], seed=1), training=True)
