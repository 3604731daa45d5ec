"""Search spaces small enough to be quick, which together use everything a space can say."""

from tofa_tf.space.presets import get_space
from tofa_tf.space.search_space import Head, SearchSpace, Stage, Stem

# Once-for-All's manner: kernel transforms, symmetric padding, squeeze-excite, a V3 head.
OFA_LIKE = SearchSpace(
    name="ofa_like",
    resolutions=(32, 48),
    stem=Stem(widths=(8,), activation="hard_swish"),
    stages=(
        Stage((8,), (1,), (3,), (1,), stride=1, activation="relu"),
        Stage((16,), (2, 3), (3, 5, 7), (3, 4), stride=2, activation="relu"),
        Stage((24,), (1, 2), (3, 5, 7), (3, 6), 2, "hard_swish", squeeze_excite=True),
    ),
    head=Head(activation="hard_swish", expand=6, feature_widths=(40,)),
    padding="symmetric",
    kernel_transform=True,
    bn_epsilon=1e-5,
)

# AttentiveNAS's manner: choices per stage, elastic widths, projected shortcuts.
ATTENTIVE_LIKE = SearchSpace(
    name="attentive_like",
    resolutions=(32, 64),
    stem=Stem(widths=(8, 16), activation="swish"),
    stages=(
        Stage((8, 16), (1, 2), (3, 5), (1,), stride=1, activation="swish"),
        Stage((16, 24), (1, 3), (3, 5), (4, 5), stride=2, activation="swish"),
        Stage((24, 32), (1, 2), (3, 5), (6,), 2, "swish", squeeze_excite=True),
        Stage((32, 40), (1, 2), (3, 5), (6,), 1, "swish", squeeze_excite=True),
    ),
    head=Head(activation="swish", expand=6, feature_widths=(48, 64)),
    blockwise=False,
    padding="symmetric",
    shortcut="projected",
    bn_epsilon=1e-5,
)

# As little as a space can be that still has something to choose: for tests that train.
TINY = SearchSpace(
    name="tiny",
    resolutions=(16,),
    stem=Stem(widths=(8,), activation="relu6"),
    stages=(
        Stage((8, 16), (1, 2), (3, 5), (2, 3), stride=2, activation="relu6"),
        Stage((16, 24), (1,), (3,), (3,), stride=2, activation="relu6"),
    ),
)

# The manner of Keras' MobileNetV3: blocks of unequal expand ratio, a feature layer with bias.
KERAS_LIKE = SearchSpace(
    name="keras_like",
    resolutions=(32, 48),
    stem=Stem(widths=(8, 16), activation="hard_swish"),
    stages=(
        Stage((8, 16), (1,), (3,), (1,), stride=2, activation="relu", squeeze_excite=True),
        Stage((16, 24), (1, 2, 3), (3, 5), (3, 4.5), 2, "hard_swish", True, (1.0, 0.75, 0.5)),
    ),
    head=Head(activation="hard_swish", expand=6, feature_widths=(32, 40), feature_bias=True),
)

TEST_SPACES = {
    "mcu": get_space("mcu"),
    "ofa_like": OFA_LIKE,
    "attentive_like": ATTENTIVE_LIKE,
    "keras_like": KERAS_LIKE,
}
