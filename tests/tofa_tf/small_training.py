"""A training small enough for tests; as a script, one that is killed soon after a step.

python -m tests.tofa_tf.small_training FOLDER STEP
"""

import os
import random
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from tests.tofa_tf.spaces_for_tests import TINY
from tofa_tf.data.parts import divide
from tofa_tf.data.records import TrainingImages
from tofa_tf.data.sources import load_dataset
from tofa_tf.space.search_space import SearchSpace
from tofa_tf.training.settings import TrainConfig
from tofa_tf.training.train_step import TrainStep
from tofa_tf.training.trainer import build_training, train

CONFIG = TrainConfig(
    steps=24,
    labelled_batch=8,
    unlabelled_ratio=2,
    learning_rate=0.1,
    threshold=0.2,
    flip=False,
    log_every_steps=4,
    checkpoint_every_steps=5,
)


def digits() -> TrainingImages:
    """The digits at 16 x 16, four of each class labelled."""
    return divide(load_dataset("digits", image_size=16, channels=3), 4, None, seed=0).training


def run(
    folder: Path, config: TrainConfig = CONFIG, on_step=None, space: SearchSpace = TINY
) -> TrainStep:
    """Trains a tiny supernet in a folder, or goes on there."""
    folder.mkdir(parents=True, exist_ok=True)
    state = build_training(space, 10, config)
    train(state, digits(), config, folder, on_step)
    return state


def _killed_after(last: int) -> Callable[[int, dict], None]:
    def on_step(step: int, metrics: dict) -> None:
        if step == last:
            soon = random.uniform(0.0, 0.01)
            threading.Timer(soon, os.kill, (os.getpid(), signal.SIGKILL)).start()

    return on_step


if __name__ == "__main__":
    run(Path(sys.argv[1]), on_step=_killed_after(int(sys.argv[2])))
