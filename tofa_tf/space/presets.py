"""The search spaces that ship with the package: one table each, in this one place."""

from tflite_export.common.json_data import JsonRecord
from tofa_tf.blocks.basic_residual import BasicResidual
from tofa_tf.blocks.depthwise_separable import DepthwiseSeparable
from tofa_tf.blocks.inverted_bottleneck import InvertedBottleneck
from tofa_tf.common.errors import UserError
from tofa_tf.space.search_space import IMAGENET_MEAN, IMAGENET_STD, Head, SearchSpace, Stage, Stem

# For microcontrollers. ReLU6 only and no squeeze-excite: hard-swish, the broadcast MUL of
# squeeze-excite and MEAN have no CMSIS-NN kernel and make a net of equal MACs 2 to 6 times slower.
# Pixels map to (p - 128) / 128, so that on the board the int8 input is simply p - 128.
_MCU = SearchSpace(
    name="mcu",
    resolutions=(32, 40, 48, 56, 64, 72, 80, 88, 96),
    stem=Stem(widths=(8, 16), activation="relu6"),
    stages=(
        Stage((8, 16), (1,), 1, InvertedBottleneck((3,), (1,))),
        Stage((16, 24), (1, 2), 2, InvertedBottleneck((3, 5), (2, 3))),
        Stage((24, 32), (1, 2), 2, InvertedBottleneck((3, 5, 7), (3, 4))),
        Stage((32, 40, 48), (1, 2, 3), 1, InvertedBottleneck((3, 5, 7), (3, 4))),
        Stage((64, 80, 96, 128), (1, 2, 3), 2, InvertedBottleneck((3, 5), (3, 4, 6))),
    ),
)

# Inverted bottlenecks for 24 to 96 pixels alike: images below 48 pixels pass a stem of stride 1, so
# that the stages work on maps of a half, a quarter and an eighth of 32 pixels (of 64 with stride
# 2). No expand convolution stands on the largest map, which keeps the arena small. The convolution
# before the pooling gives a classifier three features a channel.
_MCU_WIDE = SearchSpace(
    name="mcu_wide",
    resolutions=(24, 32, 40, 48, 56, 64, 72, 80, 88, 96),
    stem=Stem(widths=(8, 16), activation="relu6", stride_1_below=48),
    stages=(
        Stage((8, 16), (1,), 2, InvertedBottleneck((3,), (1,))),
        Stage((16, 24, 32), (1, 2, 3), 1, InvertedBottleneck((3,), (2, 3, 4))),
        Stage((24, 32, 48), (1, 2, 3), 2, InvertedBottleneck((3, 5), (2, 3, 4))),
        Stage((48, 64, 96, 128), (1, 2, 3), 2, InvertedBottleneck((3,), (2, 3, 4))),
    ),
    head=Head("relu6", expand=3),
)

# MobileNetV1 (arXiv 1704.04861) for microcontrollers. At 96 pixels with the widths 8, 16, 32, 64,
# 128, 256 and all blocks it is MobileNetV1-0.25, the net of MLPerf Tiny's visual wake words.
_MCU_DS = SearchSpace(
    name="mcu_ds",
    resolutions=(32, 48, 64, 80, 96),
    stem=Stem(widths=(8, 16), activation="relu6", stride_1_below=56),
    stages=(
        Stage((8, 16, 24), (1, 2), 1, DepthwiseSeparable()),
        Stage((16, 32, 48), (1, 2), 2, DepthwiseSeparable()),
        Stage((32, 64, 96), (1, 2), 2, DepthwiseSeparable()),
        Stage((64, 96, 128, 192), (1, 2, 4, 6), 2, DepthwiseSeparable()),
        Stage((96, 128, 192, 256), (1, 2), 2, DepthwiseSeparable()),
    ),
)

# Small ResNets (arXiv 1512.03385): convolutions of 3x3, the fewest bytes of arena and code a MAC.
# At 32 pixels with the widths 16, 16, 32, 64 and one block a stage it is MLPerf Tiny's ResNet-8.
_MCU_RESNET = SearchSpace(
    name="mcu_resnet",
    resolutions=(32, 48, 64, 96),
    stem=Stem(widths=(8, 16), activation="relu", stride_1_below=56),
    stages=(
        Stage((8, 16, 24), (1, 2), 1, BasicResidual((0.5, 1))),
        Stage((16, 24, 32, 48), (1, 2), 2, BasicResidual((0.5, 1))),
        Stage((32, 48, 64, 96), (1, 2), 2, BasicResidual((0.5, 1))),
    ),
)


def _once_for_all(name: str, widths: tuple[int, ...]) -> SearchSpace:
    """Once-for-All's MobileNetV3: kernel, expand ratio and depth vary, widths do not.

    Source: Once-for-All (arXiv 1908.09791). Its weights were trained at 128 to 224 pixels (160 to
    224 for width 1.2); the smaller resolutions are there for boards.

    Args:
        widths: channels of stem, first block, five elastic stages and feature layer.
    """
    stem, first, *stages, feature = widths

    def stage(width: int, stride: int, activation: str, squeeze_excite: bool) -> Stage:
        block = InvertedBottleneck(
            (3, 5, 7), (3, 4, 6), activation, squeeze_excite, kernel_transform=True
        )
        return Stage((width,), (2, 3, 4), stride, block)

    return SearchSpace(
        name=name,
        resolutions=(96, 112, 128, 144, 160, 176, 192, 208, 224),
        stem=Stem((stem,), "hard_swish"),
        stages=(
            Stage((first,), (1,), 1, InvertedBottleneck((3,), (1,), "relu")),
            stage(stages[0], 2, "relu", False),
            stage(stages[1], 2, "relu", True),
            stage(stages[2], 2, "hard_swish", False),
            stage(stages[3], 1, "hard_swish", True),
            stage(stages[4], 2, "hard_swish", True),
        ),
        head=Head("hard_swish", expand=6, feature_widths=(feature,)),
        padding="symmetric",
        bn_epsilon=1e-5,
        bn_momentum=0.9,
        pixel_mean=IMAGENET_MEAN,
        pixel_std=IMAGENET_STD,
    )


# AttentiveNAS (arXiv 2011.09011); AlphaNet (2102.07954) trains the same space. The weights
# were trained at 192 to 288 pixels; the smaller resolutions are there for boards. All are multiples
# of 32: at an odd size the pooled shortcut of the original would pad on the other side.
def _attentive(expands: tuple[int, ...], squeeze_excite: bool = False) -> InvertedBottleneck:
    return InvertedBottleneck((3, 5), expands, "swish", squeeze_excite, shortcut="projected")


_ATTENTIVE_NAS = SearchSpace(
    name="attentive_nas",
    resolutions=(96, 128, 160, 192, 224, 256, 288),
    stem=Stem((16, 24), "swish"),
    stages=(
        Stage((16, 24), (1, 2), 1, _attentive((1,))),
        Stage((24, 32), (3, 4, 5), 2, _attentive((4, 5, 6))),
        Stage((32, 40), (3, 4, 5, 6), 2, _attentive((4, 5, 6), squeeze_excite=True)),
        Stage((64, 72), (3, 4, 5, 6), 2, _attentive((4, 5, 6))),
        Stage((112, 120, 128), (3, 4, 5, 6, 7, 8), 1, _attentive((4, 5, 6), True)),
        Stage((192, 200, 208, 216), (3, 4, 5, 6, 7, 8), 2, _attentive((6,), True)),
        Stage((216, 224), (1, 2), 1, _attentive((6,), True)),
    ),
    head=Head("swish", expand=6, feature_widths=(1792, 1984)),
    blockwise=False,
    padding="symmetric",
    bn_epsilon=1e-5,
    pixel_mean=IMAGENET_MEAN,
    pixel_std=IMAGENET_STD,
)

# EfficientNet-Lite0 (arXiv 1905.11946 without squeeze-excite, and with ReLU6), with one choice for
# everything but the resolution: a teacher, see `tofa_tf/teacher`. Its weights were trained at 224
# pixels.
_EFFICIENTNET_LITE0 = SearchSpace(
    name="efficientnet_lite0",
    resolutions=(96, 128, 160, 192, 224),
    stem=Stem((32,), "relu6"),
    stages=(
        Stage((16,), (1,), 1, InvertedBottleneck((3,), (1,))),
        Stage((24,), (2,), 2, InvertedBottleneck((3,), (6,))),
        Stage((40,), (2,), 2, InvertedBottleneck((5,), (6,))),
        Stage((80,), (3,), 2, InvertedBottleneck((3,), (6,))),
        Stage((112,), (3,), 1, InvertedBottleneck((5,), (6,))),
        Stage((192,), (4,), 2, InvertedBottleneck((5,), (6,))),
        Stage((320,), (1,), 1, InvertedBottleneck((3,), (6,))),
    ),
    head=Head("relu6", expand=4),
    pixel_mean=(127.0, 127.0, 127.0),
)

_ALL = (
    _MCU,
    _MCU_WIDE,
    _MCU_DS,
    _MCU_RESNET,
    _once_for_all("ofa_mbv3_w1.0", (16, 16, 24, 40, 80, 112, 160, 1280)),
    _once_for_all("ofa_mbv3_w1.2", (24, 24, 32, 48, 96, 136, 192, 1536)),
    _ATTENTIVE_NAS,
    _EFFICIENTNET_LITE0,
)
SPACES: dict[str, SearchSpace] = {space.name: space for space in _ALL}


def get_space(name: str | JsonRecord) -> SearchSpace:
    """Returns a search space by its name; one of one's own is returned as it is.

    Raises:
        UserError: if there is none of that name; lists those there are.
    """
    if isinstance(name, SearchSpace):
        return name
    if not isinstance(name, str) or name not in SPACES:
        raise UserError(f"unknown search space {name!r}; available: {', '.join(sorted(SPACES))}")
    return SPACES[name]
