"""What a training leaves in its folder while it goes on: logs, checkpoints, the final weights."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from tofa_tf.common.workdir import METRICS
from tofa_tf.nets.weights_file import save_weights
from tofa_tf.space.arch import Arch
from tofa_tf.training.checkpoint import restore_checkpoint, save_checkpoint
from tofa_tf.training.metrics_log import MetricsLog, drop_lines_from, training_seconds
from tofa_tf.training.sampling import SamplerLog
from tofa_tf.training.train_step import TrainStep

CHECKPOINT = "checkpoint.npz"
SAMPLED = "sampled.jsonl"
WEIGHTS = "supernet.weights.h5"


class Journal:
    """Keeps nothing, as a worker does whose chief keeps all.

    Attributes:
        seconds: of training before this process.
    """

    seconds = 0.0

    @property
    def kept(self) -> str:
        """Says where the last good state is."""
        return "the chief has the last good state, if there is one"

    def restore(self, state: TrainStep) -> None:
        """Puts the last saved state back, where there is one."""

    def begin(self, step: int) -> None:
        """Opens the logs and removes what they say of `step` and later ones."""

    def sampled(self, step: int, archs: Sequence[Arch]) -> None:
        """Notes which subnets a step has trained."""

    def measured(self, step: int, metrics: Mapping[str, float]) -> None:
        """Notes the metrics of a step."""

    def save(self, state: TrainStep) -> None:
        """Saves the whole state."""

    def finish(self, state: TrainStep) -> None:
        """Saves the weights to deploy, which are in the supernet."""


class RunJournal(Journal):
    """Keeps all in the folder of a run.

    Args:
        folder: exists.
    """

    def __init__(self, folder: Path):
        self._folder = folder
        self._checkpoint = folder / CHECKPOINT

    @property
    def kept(self) -> str:
        """The path of the checkpoint, if there is one."""
        if self._checkpoint.exists():
            return f"the last good state is in {self._checkpoint}"
        return "nothing was saved"

    def restore(self, state: TrainStep) -> None:
        """From the checkpoint, if there is one."""
        restore_checkpoint(self._checkpoint, state)

    def begin(self, step: int) -> None:
        """The rest of both files of lines stays."""
        for name in (METRICS, SAMPLED):
            drop_lines_from(self._folder / name, step)
        self.seconds = training_seconds(self._folder)
        self._sampled, self._metrics = SamplerLog(self._folder / SAMPLED), MetricsLog(self._folder)

    def sampled(self, step: int, archs: Sequence[Arch]) -> None:
        """One line."""
        self._sampled.add(step, list(archs))

    def measured(self, step: int, metrics: Mapping[str, float]) -> None:
        """One line, and in TensorBoard."""
        self._metrics.add(step, metrics)

    def save(self, state: TrainStep) -> None:
        """As the checkpoint."""
        save_checkpoint(self._checkpoint, state)

    def finish(self, state: TrainStep) -> None:
        """As the weights of the run."""
        self._metrics.close()
        save_weights(state.supernet, self._folder / WEIGHTS)
