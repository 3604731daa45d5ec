"""One supernet of a search space of your own, and a model for each of two boards.

    python examples/own_space.py

Takes the handwritten digits that come with scikit-learn: 10 of each class with their label, all
others without.
"""

import numpy as np
from sklearn.datasets import load_digits

import tofa_tf as tofa
from tofa_tf.blocks import DepthwiseSeparable, InvertedBottleneck

# Two kinds of block; every tuple is a list of choices, the stride is fixed.
SPACE = tofa.SearchSpace(
    name="digits_16",
    resolutions=(16,),
    stem=tofa.Stem(widths=(8, 16), activation="relu6"),
    stages=(
        tofa.Stage(widths=(8, 16), depths=(1, 2), stride=1, block=DepthwiseSeparable(kernels=(3,))),
        tofa.Stage(
            widths=(16, 24, 32),
            depths=(1, 2, 3),
            stride=2,
            block=InvertedBottleneck(kernels=(3, 5), expands=(3, 4)),
        ),
    ),
)


def main() -> None:
    """Trains once, deploys twice."""
    digits = load_digits()
    images = (15 * digits.images).astype(np.uint8)
    known, others = np.arange(0, 1200), np.arange(1200, len(images))
    data = tofa.Images(images[known], digits.target[known], unlabelled=images[others], flip=False)
    with tofa.train(
        data,
        space=SPACE,
        labels_per_class=10,
        pretrained="none",
        steps=300,
        workdir="runs/own_space",
    ) as run:
        for target in ("rp2040@50ms", "stm32f746"):
            model = run.deploy(target)
            size, board = model.tflite.stat().st_size, model.result.board
            print(
                f"{model.tflite}: {size / 1024:.0f} KiB, arena {model.arena / 1024:.0f} KiB, "
                f"{board.latency_ms:.1f} ms by estimate, accuracy {model.accuracy:.1%}"
            )
            (scores,) = model.predict(images[:1])
            print(f"  the first digit is a {digits.target[0]}: {scores[digits.target[0]]:.0%} sure")


if __name__ == "__main__":
    main()
