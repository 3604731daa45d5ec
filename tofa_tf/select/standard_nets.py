"""Well-known small nets as search spaces of one subnet: trained by whatever trains supernets."""

from tofa_tf.blocks.basic_residual import BasicResidual
from tofa_tf.blocks.inverted_bottleneck import InvertedBottleneck
from tofa_tf.common.errors import UserError
from tofa_tf.space.search_space import Head, SearchSpace, Stage, Stem


def _resnet8(resolution: int) -> SearchSpace:
    """Image classification of MLPerf Tiny (arXiv 2106.07597), without convolution biases."""
    block = BasicResidual((1,))
    return SearchSpace(
        name="resnet8",
        resolutions=(resolution,),
        stem=Stem((16,), "relu", stride=1),
        stages=tuple(
            Stage((width,), (1,), stride, block) for width, stride in ((16, 1), (32, 2), (64, 2))
        ),
    )


def _mobilenet_v2_035(resolution: int) -> SearchSpace:
    """MobileNetV2 (arXiv 1801.04381), table 2, at width 0.35 as Keras has it."""
    # Expand ratio, width, blocks, stride.
    rows = (
        *((1, 8, 1, 1), (6, 8, 2, 2), (6, 16, 3, 2), (6, 24, 4, 2)),
        *((6, 32, 3, 1), (6, 56, 3, 2), (6, 112, 1, 1)),
    )
    return SearchSpace(
        name="mobilenet_v2_035",
        resolutions=(resolution,),
        stem=Stem((16,), "relu6"),
        stages=tuple(
            Stage((width,), (blocks,), stride, InvertedBottleneck((3,), (expand,)))
            for expand, width, blocks, stride in rows
        ),
        head=Head("relu6", expand=1280 / 112),
    )


STANDARD_NETS = {"resnet8": _resnet8, "mobilenet_v2_035": _mobilenet_v2_035}


def standard_space(name: str, resolution: int) -> SearchSpace:
    """Returns the space whose only subnet is a well-known net.

    Args:
        name: one of `STANDARD_NETS`.
        resolution: of the images in pixels.

    Raises:
        UserError: if there is none of that name; lists those there are.
    """
    if name not in STANDARD_NETS:
        raise UserError(f"unknown net {name!r}; available: {', '.join(STANDARD_NETS)}")
    return STANDARD_NETS[name](resolution)
