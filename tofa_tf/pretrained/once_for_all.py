"""Once-for-All's MobileNetV3 supernets (arXiv 1908.09791, `ofa_mbv3_d234_e346_k357_w1.0`, `w1.2`).

Stem, first block and head are not elastic there, and so have plain names.
"""

from collections.abc import Iterator

from tofa_tf.nets.supernet import Supernet
from tofa_tf.pretrained.layout import CheckpointKind, Entry, bottleneck, conv, conv_block, dense

_LICENCE = "Once-for-All is published under the MIT licence."


def _layout(supernet: Supernet) -> Iterator[Entry]:
    yield from conv_block("first_conv", supernet.stem, elastic=False)
    for index, block in enumerate(supernet.blocks):
        yield from bottleneck(f"blocks.{index}.conv", block, elastic=index > 0)
    yield from conv_block("final_expand_layer", supernet.head_conv, elastic=False)
    yield from conv("feature_mix_layer.conv", supernet.feature.conv)
    yield from dense("classifier.linear", supernet.classifier)


SOURCES = {
    space: CheckpointKind(space, _LICENCE, "classifier.linear", _layout)
    for space in ("ofa_mbv3_w1.0", "ofa_mbv3_w1.2")
}
