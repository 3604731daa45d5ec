"""A training small enough for tests; as a script, one that can be killed.

python -m tests.tofa_tf.small_training FOLDER
"""

import sys
from pathlib import Path

import numpy as np

from tests.tofa_tf.spaces_for_tests import TINY
from tofa_tf.data.labels import draw_labels
from tofa_tf.data.records import ImageSet
from tofa_tf.data.sources import load_dataset
from tofa_tf.training.train_step import TrainStep
from tofa_tf.training.trainer import TrainConfig, build_training, train

CONFIG = TrainConfig(
    steps=24,
    labelled_batch=8,
    unlabelled_ratio=2,
    threshold=0.2,
    flip=False,
    log_every_steps=4,
    checkpoint_every_steps=5,
)


def digits() -> tuple[ImageSet, np.ndarray]:
    """The pool of the digits set at 16 x 16, and which of them are labelled."""
    dataset = load_dataset("digits", image_size=16)
    return dataset.pool(), draw_labels(dataset.train.labels, 4, dataset.class_names, seed=0)


def run(folder: Path, config: TrainConfig = CONFIG, on_step=None) -> TrainStep:
    """Trains a tiny supernet in a folder, or goes on there."""
    folder.mkdir(parents=True, exist_ok=True)
    state = build_training(TINY, 10, config)
    train(state, *digits(), config, folder, on_step)
    return state


if __name__ == "__main__":
    run(Path(sys.argv[1]), on_step=lambda step, metrics: print(step, flush=True))
