"""One subnet as a plain Keras model of standard layers, with nothing elastic in it."""

import keras
from keras import KerasTensor, layers

from tofa_tf.blocks.net_builder import Conv, Depthwise, NetBuilder
from tofa_tf.space.plan import Plan
from tofa_tf.space.search_space import SearchSpace
from tofa_tf.space.wire import wire


def build_static(
    space: SearchSpace, plan: Plan, num_classes: int, channels: int = 3
) -> keras.Model:
    """Builds the net of one subnet, with fresh weights.

    A layer has the name of its operation in `wire`, and "_conv", "_bn", "_act" or "_pad" behind it.

    Args:
        space: of the supernet.
        plan: of the subnet, see `plan.make_plan`.
        num_classes: outputs of the classifier.
        channels: of the images.

    Returns:
        A functional model from (batch, resolution, resolution, channels), normalised, to logits
        (batch, num_classes).
    """
    image = layers.Input((plan.resolution, plan.resolution, channels), name="image")
    logits = wire(space, plan, num_classes, _KerasNet(space), image)
    return keras.Model(image, logits, name="subnet")


class _KerasNet(NetBuilder[KerasTensor]):
    """Makes standard layers, with the details that all of a space's subnets share."""

    def __init__(self, space: SearchSpace):
        self.space = space

    def conv(self, x: KerasTensor, op: Conv) -> KerasTensor:
        name = self.prefix + op.name
        x, padding = self._pad(x, op.kernel, op.stride, name)
        x = layers.Conv2D(
            op.filters, op.kernel, op.stride, padding, use_bias=op.bias, name=f"{name}_conv"
        )(x)
        return self._activate(self._norm(x, name) if op.norm else x, op.activation, name)

    def depthwise(self, x: KerasTensor, op: Depthwise) -> KerasTensor:
        name = self.prefix + op.name
        x, padding = self._pad(x, op.kernel, op.stride, name)
        x = layers.DepthwiseConv2D(
            op.kernel, op.stride, padding, use_bias=False, name=f"{name}_conv"
        )(x)
        return self._activate(self._norm(x, name), op.activation, name)

    def pool(self, x: KerasTensor, name: str) -> KerasTensor:
        # Not global average pooling: that becomes MEAN, 24 times slower with CMSIS-NN.
        return layers.AveragePooling2D(x.shape[1], name=self.prefix + name)(x)

    def shrink(self, x: KerasTensor, name: str, stride: int) -> KerasTensor:
        return layers.AveragePooling2D(stride, padding="same", name=self.prefix + name)(x)

    def add(
        self, x: KerasTensor, y: KerasTensor, name: str, activation: str = "linear"
    ) -> KerasTensor:
        name = self.prefix + name
        return self._activate(layers.Add(name=name)([x, y]), activation, name)

    def multiply(self, x: KerasTensor, gate: KerasTensor, name: str) -> KerasTensor:
        return layers.Multiply(name=self.prefix + name)([x, gate])

    def dense(self, x: KerasTensor, name: str, units: int) -> KerasTensor:
        x = layers.Flatten(name=f"{self.prefix}{name}_flatten")(x)
        return layers.Dense(units, name=self.prefix + name)(x)

    def channels(self, x: KerasTensor) -> int:
        return x.shape[-1]

    def _norm(self, x: KerasTensor, name: str) -> KerasTensor:
        return layers.BatchNormalization(
            momentum=self.space.bn_momentum, epsilon=self.space.bn_epsilon, name=f"{name}_bn"
        )(x)

    def _activate(self, x: KerasTensor, activation: str, name: str) -> KerasTensor:
        if activation == "linear":
            return x
        if activation in ("relu", "relu6"):
            return layers.ReLU(6.0 if activation == "relu6" else None, name=f"{name}_act")(x)
        return layers.Activation(activation, name=f"{name}_act")(x)

    def _pad(self, x: KerasTensor, kernel: int, stride: int, name: str) -> tuple[KerasTensor, str]:
        """Explicit symmetric padding where it differs from TensorFlow's SAME."""
        if self.space.padding == "same" or stride == 1 or kernel == 1:
            return x, "same"
        return layers.ZeroPadding2D(kernel // 2, name=f"{name}_pad")(x), "valid"
