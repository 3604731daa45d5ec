"""Block families: one module each, and one row of this table."""

from tofa_tf.blocks.basic_residual import BasicResidual
from tofa_tf.blocks.depthwise_separable import DepthwiseSeparable
from tofa_tf.blocks.family import Block
from tofa_tf.blocks.inverted_bottleneck import InvertedBottleneck

FAMILIES: dict[str, type[Block]] = {
    family.FAMILY: family for family in (InvertedBottleneck, DepthwiseSeparable, BasicResidual)
}
