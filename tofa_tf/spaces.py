"""The search spaces that ship with the package: one table each, in this one place."""

from tofa_tf.errors import UserError
from tofa_tf.search_space import SearchSpace, Stage, Stem

# For microcontrollers. ReLU6 only and no squeeze-excite: hard-swish, the broadcast MUL of
# squeeze-excite and MEAN have no CMSIS-NN kernel and make a net of equal MACs 2 to 6 times slower.
# Pixels map to (p - 128) / 128, so that on the board the int8 input is simply p - 128.
_MCU = SearchSpace(
    name="mcu",
    resolutions=(32, 40, 48, 56, 64, 72, 80, 88, 96),
    stem=Stem(widths=(8, 16), activation="relu6"),
    stages=(
        Stage((8, 16), (1,), (3,), (1,), stride=1, activation="relu6"),
        Stage((16, 24), (1, 2), (3, 5), (2, 3), stride=2, activation="relu6"),
        Stage((24, 32), (1, 2), (3, 5, 7), (3, 4), stride=2, activation="relu6"),
        Stage((32, 40, 48), (1, 2, 3), (3, 5, 7), (3, 4), stride=1, activation="relu6"),
        Stage((64, 80, 96, 128), (1, 2, 3), (3, 5), (3, 4, 6), stride=2, activation="relu6"),
    ),
)

SPACES: dict[str, SearchSpace] = {space.name: space for space in (_MCU,)}


def get_space(name: str) -> SearchSpace:
    """Returns a search space by its name.

    Raises:
        UserError: if there is none of that name; lists those there are.
    """
    if name not in SPACES:
        raise UserError(f"unknown search space {name!r}; available: {', '.join(sorted(SPACES))}")
    return SPACES[name]
