"""Search spaces small enough to be quick, which together use everything a space can say."""

import dataclasses
import json
from pathlib import Path

from tofa_tf.blocks.basic_residual import BasicResidual
from tofa_tf.blocks.depthwise_separable import DepthwiseSeparable
from tofa_tf.blocks.inverted_bottleneck import InvertedBottleneck
from tofa_tf.common.files import write_text
from tofa_tf.space.arch import StageArch
from tofa_tf.space.search_space import Head, SearchSpace, Stage, Stem


def _ofa(activation: str, kernels: tuple[int, ...], expands: tuple[int, ...], se: bool = False):
    return InvertedBottleneck(kernels, expands, activation, se, kernel_transform=True)


def _attentive(expands: tuple[int, ...], se: bool = False) -> InvertedBottleneck:
    return InvertedBottleneck((3, 5), expands, "swish", se, shortcut="projected")


# The manner of the preset `mcu`: identity shortcuts, everything elastic.
MCU_LIKE = SearchSpace(
    name="mcu_like",
    resolutions=(32, 48),
    stem=Stem(widths=(8, 16), activation="relu6"),
    stages=(
        Stage((8, 16), (1,), 1, InvertedBottleneck((3,), (1,))),
        Stage((16, 24), (1, 2), 2, InvertedBottleneck((3, 5, 7), (2, 3))),
        Stage((24, 32, 40), (1, 2), 1, InvertedBottleneck((3, 5), (3, 4))),
    ),
)

# Once-for-All's manner: kernel transforms, symmetric padding, squeeze-excite, a V3 head.
OFA_LIKE = SearchSpace(
    name="ofa_like",
    resolutions=(32, 48),
    stem=Stem(widths=(8,), activation="hard_swish"),
    stages=(
        Stage((8,), (1,), 1, _ofa("relu", (3,), (1,))),
        Stage((16,), (2, 3), 2, _ofa("relu", (3, 5, 7), (3, 4))),
        Stage((24,), (1, 2), 2, _ofa("hard_swish", (3, 5, 7), (3, 6), se=True)),
    ),
    head=Head(activation="hard_swish", expand=6, feature_widths=(40,)),
    padding="symmetric",
    bn_epsilon=1e-5,
)

# AttentiveNAS's manner: choices per stage, elastic widths, projected shortcuts.
ATTENTIVE_LIKE = SearchSpace(
    name="attentive_like",
    resolutions=(32, 64),
    stem=Stem(widths=(8, 16), activation="swish"),
    stages=(
        Stage((8, 16), (1,), 1, _attentive((1,))),
        Stage((16, 24), (1, 3), 2, _attentive((4, 5))),
        Stage((32, 40), (1, 2), 2, _attentive((6,), se=True)),
    ),
    head=Head(activation="swish", expand=6, feature_widths=(48, 64)),
    blockwise=False,
    padding="symmetric",
    bn_epsilon=1e-5,
)

# As little as a space can be that still has something to choose: for tests that train.
TINY = SearchSpace(
    name="tiny",
    resolutions=(16,),
    stem=Stem(widths=(8,), activation="relu6"),
    stages=(
        Stage((8, 16), (1, 2), 2, InvertedBottleneck((3, 5), (2, 3))),
        Stage((16, 24), (1,), 2, InvertedBottleneck((3,), (3,))),
    ),
)
# For what takes no smaller images.
TINY_32 = dataclasses.replace(TINY, name="tiny_32", resolutions=(32,))

# The manner of Keras' MobileNetV3: blocks of unequal expand ratio, a feature layer with bias.
KERAS_LIKE = SearchSpace(
    name="keras_like",
    resolutions=(32, 48),
    stem=Stem(widths=(8, 16), activation="hard_swish"),
    stages=(
        Stage((8, 16), (1,), 2, InvertedBottleneck((3,), (1,), "relu", True)),
        Stage(
            (16, 24),
            (1, 2, 3),
            2,
            InvertedBottleneck((3, 5), (3, 4.5), "hard_swish", True, (1.0, 0.75, 0.5)),
        ),
    ),
    head=Head(activation="hard_swish", expand=6, feature_widths=(32, 40), feature_bias=True),
)

# MobileNetV1's manner, with a stem that keeps the size of small images.
DS_LIKE = SearchSpace(
    name="ds_like",
    resolutions=(16, 32),
    stem=Stem(widths=(8,), activation="relu6", stride_1_below=32),
    stages=(
        Stage((8, 16), (1, 2), 1, DepthwiseSeparable((3, 5))),
        Stage((16, 24), (1, 2), 2, DepthwiseSeparable()),
    ),
)

# ResNet's manner: full convolutions of elastic inner width.
RESNET_LIKE = SearchSpace(
    name="resnet_like",
    resolutions=(16, 32),
    stem=Stem(widths=(8, 16), activation="relu", stride=1),
    stages=(
        Stage((8, 16), (1, 2), 1, BasicResidual((0.5, 1))),
        Stage((16, 24), (1, 2), 2, BasicResidual((0.5, 1))),
    ),
)


def stage_arch(width: int, kernels: tuple[int, ...], expands: tuple[float, ...]) -> StageArch:
    """What is chosen for a stage of inverted bottlenecks."""
    return StageArch.make(width, len(kernels), {"kernel": kernels, "expand": expands})


def space_file(space: SearchSpace, folder: Path) -> Path:
    """Writes a space as a file that a command takes: those that ship take their time."""
    path = folder / f"{space.name}.json"
    write_text(path, json.dumps(space.to_json()))
    return path


# All generic tests run over these: a new block family gets a row.
TEST_SPACES = {
    "mcu_like": MCU_LIKE,
    "ofa_like": OFA_LIKE,
    "attentive_like": ATTENTIVE_LIKE,
    "keras_like": KERAS_LIKE,
    "ds_like": DS_LIKE,
    "resnet_like": RESNET_LIKE,
}
