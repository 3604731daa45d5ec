"""Depthwise-separable convolution: depthwise, pointwise, each with batch norm and activation.

Sources: MobileNetV1 (arXiv 1704.04861), section 3.1; DS-CNN (Hello Edge, 1711.07128).
"""

import dataclasses
from collections.abc import Mapping
from typing import Any, ClassVar

from tofa_tf.blocks.family import Block, BlockPlan, check_activation, check_kernels
from tofa_tf.blocks.net_builder import Conv, Depthwise, NetBuilder, T


@dataclasses.dataclass(frozen=True)
class DepthwiseSeparable(Block):
    """The block of MobileNetV1: no expand convolution, no shortcut.

    Attributes:
        kernels: choices of the depthwise kernel size, odd.
        activation: behind both convolutions, a name of `ACTIVATIONS`.
    """

    FAMILY: ClassVar = "depthwise_separable"
    SIZES: ClassVar = ("kernel",)

    kernels: tuple[int, ...] = (3,)
    activation: str = "relu6"

    def choices(self) -> dict[str, tuple[Any, ...]]:
        return {"kernel": self.kernels}

    def sizes(
        self, in_channels: int, width: int, index: int, chosen: Mapping[str, Any]
    ) -> dict[str, int]:
        return {"kernel": chosen["kernel"]}

    def wire(self, net: NetBuilder[T], x: T, plan: BlockPlan) -> T:
        depthwise = Depthwise(
            "depthwise",
            plan.sizes["kernel"],
            self.kernels,
            stride=plan.stride,
            activation=self.activation,
        )
        x = net.depthwise(x, depthwise)
        return net.conv(x, Conv("pointwise", plan.width, activation=self.activation))

    def check(self, depth: int) -> None:
        super().check(depth)
        check_kernels(self.kernels)
        check_activation(self.activation)
