"""One subnet as a plain Keras model of standard layers, with nothing elastic in it.

The Keras namespace is an argument, so the same function builds the Keras 3 model and the `tf_keras`
twin that quantisation-aware training needs.
"""

from types import ModuleType
from typing import Any

import keras

from tofa_tf.space.cost import output_size
from tofa_tf.space.plan import BlockPlan, Plan
from tofa_tf.space.search_space import SearchSpace


def build_static(
    space: SearchSpace, plan: Plan, num_classes: int, keras_module: ModuleType = keras
) -> Any:
    """Builds the net of one subnet, with fresh weights.

    Layers have the names of the supernet's parts, so that weights are found by name.

    Args:
        space: of the supernet.
        plan: of the subnet, see `plan.make_plan`.
        num_classes: outputs of the classifier.
        keras_module: `keras` or `tf_keras`.

    Returns:
        A functional model from (batch, resolution, resolution, 3), normalised, to logits
        (batch, num_classes).
    """
    return _Builder(space, keras_module).build(plan, num_classes)


class _Builder:
    """The layers of one namespace, with the details that all of a space's subnets share."""

    def __init__(self, space: SearchSpace, keras_module: ModuleType):
        self.space = space
        self.keras = keras_module
        self.layers = keras_module.layers

    def build(self, plan: Plan, num_classes: int):
        stem, head = self.space.stem, self.space.head
        inputs = self.layers.Input((plan.resolution, plan.resolution, 3), name="image")
        x = self.conv_block(
            inputs, plan.stem_width, stem.activation, "stem", stem.kernel, stem.stride
        )
        size = output_size(plan.resolution, stem.stride)
        for block in plan.blocks:
            x = self.block(x, block, size)
            size = output_size(size, block.stride)
        if plan.head_width:
            x = self.conv_block(x, plan.head_width, head.activation, "head_conv")
        # Not global average pooling: that becomes MEAN, 24 times slower with CMSIS-NN.
        x = self.layers.AveragePooling2D(size, name="pool")(x)
        if plan.feature_width:
            x = self.conv(x, plan.feature_width, "feature", use_bias=head.feature_bias)
            x = self.activation(x, head.activation, "feature_act")
        x = self.layers.Flatten(name="flatten")(x)
        logits = self.layers.Dense(num_classes, name="classifier")(x)
        return self.keras.Model(inputs, logits, name="subnet")

    def block(self, x, block: BlockPlan, size: int):
        name = f"block{block.slot}"
        block_input = x
        if block.has_expand:
            x = self.conv_block(x, block.mid, block.activation, f"{name}_expand")
        x, padding = self.pad(x, block.kernel, block.stride, f"{name}_pad")
        x = self.layers.DepthwiseConv2D(
            block.kernel, block.stride, padding, use_bias=False, name=f"{name}_depthwise"
        )(x)
        x = self.batch_norm(x, f"{name}_depthwise_bn")
        x = self.activation(x, block.activation, f"{name}_depthwise_act")
        if block.se:
            x = self.squeeze_excite(x, block.se, output_size(size, block.stride), f"{name}_se")
        x = self.conv_block(x, block.width, "linear", f"{name}_project")
        if block.shortcut == "none":
            return x
        shortcut = block_input
        if block.shortcut == "projected":
            shortcut = self.project_shortcut(shortcut, block, f"{name}_shortcut")
        return self.layers.Add(name=f"{name}_add")([shortcut, x])

    def project_shortcut(self, x, block: BlockPlan, name: str):
        if block.stride > 1:
            x = self.layers.AveragePooling2D(block.stride, padding="same", name=f"{name}_pool")(x)
        return self.conv(x, block.width, name) if block.in_channels != block.width else x

    def squeeze_excite(self, x, squeeze: int, size: int, name: str):
        gate = self.layers.AveragePooling2D(size, name=f"{name}_pool")(x)
        gate = self.conv(gate, squeeze, f"{name}_reduce", use_bias=True)
        gate = self.activation(gate, "relu", f"{name}_reduce_act")
        gate = self.conv(gate, x.shape[-1], f"{name}_expand", use_bias=True)
        gate = self.activation(gate, "hard_sigmoid", f"{name}_gate")
        return self.layers.Multiply(name=f"{name}_scale")([x, gate])

    def conv_block(self, x, filters, activation, name, kernel=1, stride=1):
        x, padding = self.pad(x, kernel, stride, f"{name}_pad")
        x = self.conv(x, filters, f"{name}_conv", kernel, stride, padding)
        return self.activation(self.batch_norm(x, f"{name}_bn"), activation, f"{name}_act")

    def conv(self, x, filters, name, kernel=1, stride=1, padding="same", use_bias=False):
        conv = self.layers.Conv2D(filters, kernel, stride, padding, use_bias=use_bias, name=name)
        return conv(x)

    def batch_norm(self, x, name: str):
        return self.layers.BatchNormalization(
            momentum=self.space.bn_momentum, epsilon=self.space.bn_epsilon, name=name
        )(x)

    def activation(self, x, activation: str, name: str):
        if activation == "linear":
            return x
        if activation in ("relu", "relu6"):
            return self.layers.ReLU(6.0 if activation == "relu6" else None, name=name)(x)
        if activation in ("hard_sigmoid", "hard_swish") and self.keras is not keras:
            return self.hard_gate(x, activation, name)
        return self.layers.Activation(activation, name=name)(x)

    def hard_gate(self, x, activation: str, name: str):
        """Keras 2 means another slope by "hard_sigmoid" and has no "hard_swish"."""
        gate = self.layers.Rescaling(1.0, 3.0, name=f"{name}_shift")(x)
        gate = self.layers.ReLU(6.0, name=f"{name}_relu6")(gate)
        gate = self.layers.Rescaling(1.0 / 6.0, name=f"{name}_scale")(gate)
        if activation == "hard_sigmoid":
            return gate
        return self.layers.Multiply(name=f"{name}_multiply")([x, gate])

    def pad(self, x, kernel: int, stride: int, name: str):
        """Explicit symmetric padding where it differs from TensorFlow's SAME."""
        if self.space.padding == "same" or stride == 1 or kernel == 1:
            return x, "same"
        return self.layers.ZeroPadding2D(kernel // 2, name=name)(x), "valid"
