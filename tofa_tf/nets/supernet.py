"""The weight-sharing supernet: every subnet of a search space in one Keras model and one graph."""

import keras
import tensorflow as tf

from tofa_tf.blocks.parts import ElasticConvBlock, ElasticInvertedBottleneck
from tofa_tf.layers.control_flow import cond
from tofa_tf.layers.elastic_layers import ACTIVATIONS, ElasticConv2D, ElasticDense
from tofa_tf.space.plan import BLOCK_FIELDS, block_mid, make_divisible, make_plan, num_slots
from tofa_tf.space.search_space import SearchSpace, Stage


class Supernet(keras.Model):
    """All subnets of a search space; which one computes is an argument of the call.

    Args:
        space: what may vary.
        num_classes: outputs of the classifier.
    """

    def __init__(self, space: SearchSpace, num_classes: int, name: str = "supernet", **kwargs):
        # Keras would number supernets on: weights must have the same names in every process.
        super().__init__(name=name, **kwargs)
        self.space = space
        self.num_classes = num_classes
        self._bn = {"bn_momentum": space.bn_momentum, "bn_epsilon": space.bn_epsilon}
        widest = make_plan(space, space.max_arch)
        self.stem = ElasticConvBlock(
            3, widest.stem_width, space.stem.activation, space.stem.kernel, space.stem.stride,
            space.padding, **self._bn, name="stem",
        )  # fmt: skip
        self.blocks = self._make_blocks()
        channels = widest.blocks[-1].width
        self.head_conv = self.feature = None
        if widest.head_width:
            self.head_conv = ElasticConvBlock(
                channels, widest.head_width, space.head.activation, **self._bn, name="head_conv"
            )
            channels = widest.head_width
        if widest.feature_width:
            self.feature = ElasticConv2D(
                channels, widest.feature_width, use_bias=space.head.feature_bias, name="feature"
            )
            channels = widest.feature_width
        self.classifier = ElasticDense(channels, num_classes, name="classifier")

    def build(self, input_shape=None):
        for layer in self.layers:
            layer.build()
        self.built = True

    def call(
        self,
        images: tf.Tensor,
        arch: tf.Tensor,
        training: bool = False,
        update_statistics: bool = False,
    ) -> tf.Tensor:
        """Computes the logits of one subnet.

        Args:
            images: (batch, height, width, 3), normalised; resized here to the subnet's resolution.
            arch: int32 vector made by `plan.encode`.
            training: normalise with the batch's own statistics.
            update_statistics: let the moving statistics follow this call; for the max net only.

        Returns:
            (batch, num_classes).
        """
        mode = {"training": training, "update_statistics": update_statistics}
        resolution, stem_width, head_width, feature_width = tf.unstack(arch[:4])
        if len(self.space.resolutions) == 1:
            resolution = self.space.resolutions[0]
        slots = tf.reshape(arch[4:], (num_slots(self.space), len(BLOCK_FIELDS)))
        x = self.stem(resize(images, resolution), filters=stem_width, **mode)
        for slot, (block, optional) in enumerate(zip(self.blocks, self._optional, strict=True)):
            active, *sizes = tf.unstack(slots[slot])
            sizes = dict(zip(("kernel_size", "mid", "width", "squeeze"), sizes, strict=True))
            if optional:
                x = tf.cond(
                    tf.cast(active, tf.bool),
                    lambda block=block, x=x, sizes=sizes: block(x, **sizes, **mode),
                    lambda x=x: x,
                )
            else:
                x = block(x, **sizes, **mode)
        if self.head_conv is not None:
            x = self.head_conv(x, filters=head_width, **mode)
        x = tf.reduce_mean(x, axis=(1, 2), keepdims=True)
        if self.feature is not None:
            x = ACTIVATIONS[self.space.head.activation](self.feature(x, filters=feature_width))
        return self.classifier(x[:, 0, 0, :])

    def _make_blocks(self) -> list[ElasticInvertedBottleneck]:
        blocks, self._optional = [], []
        in_widths = self.space.stem.widths
        for number, stage in enumerate(self.space.stages, 1):
            for index in range(max(stage.depths)):
                blocks.append(
                    self._make_block(f"stage{number}_block{index}", stage, index, in_widths)
                )
                self._optional.append(index >= min(stage.depths))
                in_widths = stage.widths
        return blocks

    def _make_block(
        self, name: str, stage: Stage, index: int, in_widths: tuple[int, ...]
    ) -> ElasticInvertedBottleneck:
        mid = block_mid(stage, index, max(in_widths), max(stage.expands))
        return ElasticInvertedBottleneck(
            max_in_channels=max(in_widths),
            max_mid=mid,
            max_width=max(stage.widths),
            kernel_sizes=stage.kernels,
            strides=stage.stride if index == 0 else 1,
            activation=stage.activation,
            max_squeeze=make_divisible(mid // 4) if stage.squeeze_excite else 0,
            has_expand=stage.expands != (1,),
            shortcut=self._shortcut_kind(stage, index, in_widths),
            padding=self.space.padding,
            kernel_transform=self.space.kernel_transform and len(stage.kernels) > 1,
            **self._bn,
            name=name,
        )

    def _shortcut_kind(self, stage: Stage, index: int, in_widths: tuple[int, ...]) -> str:
        if index > 0:
            return "identity"
        if self.space.shortcut == "projected":
            return "projected"
        can_be_equal = stage.stride == 1 and set(in_widths) & set(stage.widths)
        return "if_equal" if can_be_equal else "none"


def resize(images: tf.Tensor, resolution: int | tf.Tensor) -> tf.Tensor:
    """Resizes square images bilinearly (antialiased); images of that size pass unchanged.

    Args:
        images: (batch, height, width, channels), float.
        resolution: pixels.
    """
    size = images.shape[1] or tf.shape(images)[1]
    # Sizes that are known while tracing stay known: the graph is smaller and traced faster.
    return cond(
        size == resolution,
        lambda: images,
        lambda: tf.image.resize(images, tf.stack([resolution, resolution]), antialias=True),
    )
