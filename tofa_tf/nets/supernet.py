"""The weight-sharing supernet: every subnet of a search space in one Keras model and one graph."""

from typing import Any, Self

import keras
import tensorflow as tf

from tofa_tf.blocks.elastic import DType, ElasticNet, PartsBuilder
from tofa_tf.blocks.elastic_block import ElasticBlock
from tofa_tf.blocks.family import BlockPlan
from tofa_tf.blocks.net_builder import Truth
from tofa_tf.distribute.replicas import ALONE, Replicas
from tofa_tf.layers.control_flow import cond
from tofa_tf.space.decode import decode
from tofa_tf.space.plan import Plan, Slot, make_plan, slots
from tofa_tf.space.search_space import SearchSpace
from tofa_tf.space.wire import wire


class Supernet(keras.Model):
    """All subnets of a search space; which one computes is an argument of the call.

    Args:
        space: what may vary.
        num_classes: outputs of the classifier.
        channels: of the images, 3 or 1.
        dtype: "float32", or "mixed_bfloat16": weights, batch norm's statistics and the classifier
            stay in float32, all else computes in bfloat16.
    """

    def __init__(
        self,
        space: SearchSpace,
        num_classes: int,
        channels: int = 3,
        name: str = "supernet",
        dtype: DType = "float32",
        **kwargs: Any,
    ):
        # Keras would number supernets on: weights must have the same names in every process.
        super().__init__(name=name, dtype=dtype, **kwargs)
        self.space = space
        self.num_classes = num_classes
        self.channels = channels
        builder = _SupernetParts(space, self.dtype_policy)
        wire(space, make_plan(space, space.max_arch), num_classes, builder, channels)
        self.stem = builder.parts["stem"]
        self.blocks = [builder.parts[name] for name in builder.block_names]
        # None where the space has none.
        self.head_conv: Any = builder.parts.get("head_conv")
        self.feature: Any = builder.parts.get("feature")
        self.classifier = builder.parts["classifier"]

    def build(self, input_shape: object = None) -> None:
        """Builds all layers, which know their shapes without seeing an input."""
        for layer in self.layers:
            layer.build()
        self.built = True

    def call(
        self,
        images: tf.Tensor,
        arch: tf.Tensor | None = None,
        plan: Plan | None = None,
        training: bool = False,
        update_statistics: bool = False,
        replicas: Replicas = ALONE,
    ) -> tf.Tensor:
        """Computes the logits of one subnet.

        Args:
            images: (batch, height, width, channels), normalised; resized here to the resolution of
                the subnet.
            arch: int32 vector made by `plan.encode`: one trace serves every subnet.
            plan: instead of `arch`: a trace of this subnet alone, smaller and quicker to make.
            training: normalise with the batch's own statistics.
            update_statistics: let the moving statistics follow this call; for the max net only.
            replicas: that share the batch, whose statistics are then those of all of it.

        Returns:
            (batch, num_classes).
        """
        plan = decode(self.space, arch) if plan is None else plan
        net = _SupernetCall(self, plan, training, update_statistics, replicas)
        return wire(self.space, plan, self.num_classes, net, resize(images, plan.resolution))

    def part(self, name: str) -> keras.layers.Layer:
        """The elastic layer of the operation that has this name in `wire`.

        Args:
            name: with its scopes, such as "stem" or "stage1_block0_project".
        """
        for block in self.blocks:
            if name.startswith(f"{block.name}_"):
                return block.parts[name.removeprefix(f"{block.name}_")]
        return getattr(self, name)

    def get_config(self) -> dict[str, Any]:
        """What makes an equal supernet, as JSON data."""
        return {
            "space": self.space.to_json(),
            "num_classes": self.num_classes,
            "channels": self.channels,
            "name": self.name,
            "dtype": self.dtype_policy.name,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Self:
        """Returns the supernet that a configuration describes, with fresh weights."""
        return cls(**{**config, "space": SearchSpace.from_json(config["space"])})


class _SupernetParts(PartsBuilder):
    """Makes the parts of a whole supernet; a block is one part."""

    def __init__(self, space: SearchSpace, dtype: DType):
        super().__init__(space.padding, space.bn_momentum, space.bn_epsilon, dtype)
        self.slots = iter(slots(space))
        self.block_names: list[str] = []

    def block(self, x: int, plan: BlockPlan) -> int:
        slot: Slot = next(self.slots)
        self.parts[plan.name] = ElasticBlock(
            plan.block,
            max_in_channels=slot.max_in_channels,
            max_width=max(slot.stage.widths),
            stride=slot.stride,
            index=slot.index,
            keeps_width=slot.keeps_width,
            padding=self.padding,
            bn_momentum=self.bn_momentum,
            bn_epsilon=self.bn_epsilon,
            name=plan.name,
            dtype=self.dtype,
        )
        self.block_names.append(plan.name)
        return plan.width


class _SupernetCall(ElasticNet):
    """Computes a whole supernet; a block that is not active passes its input on."""

    def __init__(
        self,
        supernet: Supernet,
        plan: Plan,
        training: bool,
        update_statistics: bool,
        replicas: Replicas,
    ):
        parts = {
            name: getattr(supernet, name) for name in ("stem", "head_conv", "feature", "classifier")
        }
        super().__init__(parts, training, update_statistics, replicas)
        self.layers = {block.name: block for block in supernet.blocks}
        self.active: dict[str, Truth] = {
            block.name: active for block, active in zip(plan.blocks, plan.active, strict=False)
        }

    def block(self, x: tf.Tensor, plan: BlockPlan) -> tf.Tensor:
        layer = self.layers[plan.name]
        # Keras takes no mixture; what all subnets share is the largest there is, as by default.
        open_sizes = {name: size for name, size in plan.sizes.items() if tf.is_tensor(size)}
        sizes = open_sizes or plan.sizes
        return cond(
            self.active.get(plan.name, True),
            lambda: layer(x, width=plan.width, **sizes, **self.mode),
            lambda: x,
        )


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
        lambda: tf.cast(
            tf.image.resize(images, tf.stack([resolution, resolution]), antialias=True),
            images.dtype,
        ),
    )
