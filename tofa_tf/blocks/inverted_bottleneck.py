"""Inverted bottleneck: expand, depthwise, squeeze-excite, project, shortcut.

Sources: MobileNetV2 (arXiv 1801.04381), section 3.4; squeeze-excite of MobileNetV3 (1905.02244);
projected shortcuts of AttentiveNAS (2011.09011); kernel transforms of Once-for-All (1908.09791).
"""

import dataclasses
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from tofa_tf.blocks.family import (
    MOST,
    Block,
    BlockPlan,
    check_activation,
    check_kernels,
    make_divisible,
)
from tofa_tf.blocks.net_builder import Conv, Depthwise, NetBuilder, Size, T
from tofa_tf.common.errors import UserError


@dataclasses.dataclass(frozen=True)
class InvertedBottleneck(Block):
    """The block of MobileNetV2 and its descendants.

    Attributes:
        kernels: choices of the depthwise kernel size, odd.
        expands: choices of the expand ratio; (1,) means there is no expand convolution.
        activation: behind the expand and the depthwise convolution, a name of `ACTIVATIONS`.
        squeeze_excite: whether squeeze-excite stands behind the depthwise convolution.
        expand_scales: for each block of a stage a factor on its expand ratio, for nets whose blocks
            are of unequal ratio (MobileNetV3); () for 1 everywhere.
        shortcut: "identity" where shape allows, or "projected": every block has one, pooled and
            passed through a 1x1 convolution where shape does not (AttentiveNAS).
        kernel_transform: smaller kernels are the centre of larger ones times a learned matrix
            (Once-for-All) instead of the centre alone.
    """

    FAMILY: ClassVar = "inverted_bottleneck"
    SIZES: ClassVar = ("kernel", "mid", "squeeze")

    kernels: tuple[int, ...]
    expands: tuple[float, ...]
    activation: str = "relu6"
    squeeze_excite: bool = False
    expand_scales: tuple[float, ...] = ()
    shortcut: Literal["identity", "projected"] = "identity"
    kernel_transform: bool = False

    def choices(self) -> dict[str, tuple[Any, ...]]:
        return {"kernel": self.kernels, "expand": self.expands}

    def sizes(
        self, in_channels: int, width: int, index: int, chosen: Mapping[str, Any]
    ) -> dict[str, int]:
        mid = in_channels
        if chosen["expand"] != 1:
            scale = self.expand_scales[index] if self.expand_scales else 1
            mid = make_divisible(round(in_channels * chosen["expand"] * scale))
        squeeze = make_divisible(mid // 4) if self.squeeze_excite else 0
        return {"kernel": chosen["kernel"], "mid": mid, "squeeze": squeeze}

    def wire(self, net: NetBuilder[T], x: T, plan: BlockPlan) -> T:
        y = x
        if self.expands != (1,):
            y = net.conv(y, Conv("expand", plan.sizes["mid"], activation=self.activation))
        depthwise = Depthwise(
            "depthwise",
            plan.sizes["kernel"],
            self.kernels,
            stride=plan.stride,
            activation=self.activation,
            transform=self.kernel_transform and len(self.kernels) > 1,
        )
        y = net.depthwise(y, depthwise)
        if self.squeeze_excite:
            y = _squeeze_excite(net.scope("se"), y, plan.sizes["squeeze"])
        y = net.conv(y, Conv("project", plan.width))
        if self.shortcut == "projected":
            return net.add(_projected(net.scope("shortcut"), x, plan), y, "add")
        return net.choose(plan.keeps_shape, lambda: net.add(x, y, "add"), lambda: y)

    def only(self, index: int, chosen: Mapping[str, Any]) -> "InvertedBottleneck":
        scales = self.expand_scales[index : index + 1]
        return dataclasses.replace(
            self, kernels=(chosen["kernel"],), expands=(chosen["expand"],), expand_scales=scales
        )

    def check(self, depth: int) -> None:
        super().check(depth)
        check_kernels(self.kernels)
        check_activation(self.activation)
        if 1 in self.expands and self.expands != (1,):
            raise UserError("expand ratio 1 is the only choice, (1,), or none of several")
        if self.expand_scales and len(self.expand_scales) != depth:
            raise UserError("one expand scale is needed for every block")
        if not all(0 < scale <= MOST for scale in self.expand_scales):
            raise UserError(
                f"expand_scales {self.expand_scales}: every one must be above 0, at most {MOST}"
            )
        if self.shortcut not in ("identity", "projected"):
            raise UserError(f"unknown shortcut {self.shortcut!r}; identity or projected")


def _squeeze_excite(net: NetBuilder[T], x: T, squeeze: Size) -> T:
    """ReLU inside and a hard sigmoid as gate (MobileNetV3, arXiv 1905.02244)."""
    gate = net.pool(x, "pool")
    gate = net.conv(gate, Conv("reduce", squeeze, activation="relu", norm=False, bias=True))
    channels = net.channels(x)
    gate = net.conv(
        gate, Conv("expand", channels, activation="hard_sigmoid", norm=False, bias=True)
    )
    return net.multiply(x, gate, "scale")


def _projected(net: NetBuilder[T], x: T, plan: BlockPlan) -> T:
    """Pooled over the stride, and through a 1x1 convolution where the width changes."""
    if plan.stride > 1:
        x = net.shrink(x, "pool", plan.stride)
    projection = Conv("projection", plan.width, norm=False)
    return net.choose(plan.keeps_width, lambda: x, lambda: net.conv(x, projection))
