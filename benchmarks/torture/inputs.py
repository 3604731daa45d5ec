"""What the commands of a round work on beside the digits: a search space, a model, its inputs."""

from pathlib import Path

import numpy as np

from tofa_tf.common.files import write_json

SPACE = "space.json"
MODEL = "model.keras"
REPRESENTATIVE = "representative.npy"
_SHAPE = (16, 16, 3)


def make_inputs(folder: Path, seed: int) -> None:
    """Writes a small search space, a small untrained net and 64 images of noise.

    Args:
        folder: that gets the files.
        seed: of weights and images.
    """
    import keras  # takes seconds, as do the following

    from tofa_tf.blocks.inverted_bottleneck import InvertedBottleneck
    from tofa_tf.space.search_space import SearchSpace, Stage, Stem

    folder.mkdir(parents=True, exist_ok=True)
    stages = (
        Stage((8, 16), (1, 2), 2, InvertedBottleneck((3, 5), (2, 3))),
        Stage((16, 24), (1,), 2, InvertedBottleneck((3,), (3,))),
    )
    space = SearchSpace("small", (16,), Stem((8,), "relu6"), stages)
    write_json(folder / SPACE, space.to_json())
    keras.utils.set_random_seed(seed)
    net = keras.Sequential([keras.Input(_SHAPE), keras.layers.Conv2D(8, 3, activation="relu")])
    net.add(keras.layers.GlobalAveragePooling2D())
    net.add(keras.layers.Dense(4))
    net.save(folder / MODEL)
    pixels = np.random.default_rng(seed).integers(0, 256, (64, *_SHAPE), dtype=np.uint8)
    np.save(folder / REPRESENTATIVE, pixels)
