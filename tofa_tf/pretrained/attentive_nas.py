"""The supernet of AttentiveNAS (arXiv 2011.09011) and AlphaNet (2102.07954)."""

from collections.abc import Iterator

from tofa_tf.nets.supernet import Supernet
from tofa_tf.pretrained.layout import CheckpointKind, Entry, bottleneck, conv, conv_block, dense

_LICENCE = (
    "The weights of AttentiveNAS and AlphaNet are licensed CC-BY-NC 4.0: with attribution, and not "
    "for commercial use. That holds for everything made from them."
)


def _layout(supernet: Supernet) -> Iterator[Entry]:
    yield from conv_block("first_conv", supernet.stem)
    for index, block in enumerate(supernet.blocks):
        yield from bottleneck(f"blocks.{index}.conv", block)
        shortcut = f"blocks.{index}.shortcut.conv.conv"
        # The original has this convolution in every block, also where the shortcut is the identity.
        if "shortcut_projection" in block.parts:
            yield from conv(shortcut, block.parts["shortcut_projection"].conv)
        else:
            yield Entry(f"{shortcut}.weight", None)
    yield from conv_block("last_conv.final_expand_layer", supernet.head_conv)
    yield from conv("last_conv.feature_mix_layer.conv.conv", supernet.feature.conv)
    yield from dense("classifier.linear.linear", supernet.classifier)


SOURCES = {
    "attentive_nas": CheckpointKind("attentive_nas", _LICENCE, "classifier.linear.linear", _layout)
}
