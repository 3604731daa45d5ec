"""Basic residual block: two 3x3 convolutions and a shortcut.

Source: ResNet (arXiv 1512.03385), section 3.3, shortcuts of option B; ResNet-8 of MLPerf Tiny
(2106.07597) is three of them.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any, ClassVar

from tofa_tf.blocks.family import Block, BlockPlan, check_activation, make_divisible
from tofa_tf.blocks.net_builder import Conv, NetBuilder, T


@dataclasses.dataclass(frozen=True)
class BasicResidual(Block):
    """The block of small ResNets; the activation of its sum is fused into the addition.

    Attributes:
        expands: choices of the inner width as a ratio of the block's width.
        activation: behind the first convolution and the sum, a name of `ACTIVATIONS`.
    """

    FAMILY: ClassVar = "basic_residual"
    SIZES: ClassVar = ("mid",)

    expands: tuple[float, ...] = (1,)
    activation: str = "relu"

    def choices(self) -> dict[str, tuple[Any, ...]]:
        return {"expand": self.expands}

    def sizes(
        self, in_channels: int, width: int, index: int, chosen: Mapping[str, Any]
    ) -> dict[str, int]:
        return {"mid": make_divisible(width * chosen["expand"])}

    def wire(self, net: NetBuilder[T], x: T, plan: BlockPlan) -> T:
        mid, stride = plan.sizes["mid"], plan.stride
        y = net.conv(x, Conv("conv1", mid, kernel=3, stride=stride, activation=self.activation))
        y = net.conv(y, Conv("conv2", plan.width, kernel=3))
        projection = Conv("shortcut", plan.width, stride=stride)
        shortcut = net.choose(plan.keeps_shape, lambda: x, lambda: net.conv(x, projection))
        return net.add(shortcut, y, "add", activation=self.activation)

    def check(self, depth: int) -> None:
        super().check(depth)
        check_activation(self.activation)
