"""The chief of two processes that train a tiny supernet; it kills the other one.

python -m tests.tofa_tf.training.chief FOLDER
"""

import dataclasses
import os
import signal
import sys
from pathlib import Path

from tests.tofa_tf.spaces_for_tests import TINY
from tflite_export.common.cli import guarded
from tofa_tf.training.experiment import load_experiment, open_folder
from tofa_tf.training.settings import Settings, TrainConfig
from tofa_tf.training.together import with_helpers
from tofa_tf.training.trained_run import train_or_load

KILLED_AT = 12
# One block: four processes trace it.
_STAGE = dataclasses.replace(TINY.stages[0], depths=(1,))
SETTINGS = Settings(
    "digits",
    5,
    search_space=dataclasses.replace(TINY, name="one block", stages=(_STAGE,)),
    pretrained="none",
    train=TrainConfig(
        steps=16,
        # Two orders of summation differ in the last digits, which a step makes a little more of.
        learning_rate=0.001,
        labelled_batch=8,
        unlabelled_ratio=2,
        pseudo_label="softmatch",
        log_every_steps=4,
        checkpoint_every_steps=5,
    ),
)


def main(folder: Path) -> None:
    """Trains until the other process is lost."""
    children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children")

    def kill(step: int, metrics: dict[str, float]) -> None:
        if step == KILLED_AT:
            for child in children.read_text().split():
                os.kill(int(child), signal.SIGKILL)

    with with_helpers(2, SETTINGS, None) as replicas:
        experiment = load_experiment(SETTINGS)
        opened = open_folder(experiment, folder, overwrite=False)
        train_or_load(experiment, opened, kill, replicas=replicas)


if __name__ == "__main__":
    guarded(lambda: main(Path(sys.argv[1])))
