"""What an arm works with: the images of its split, its trained supernet, folders of its own."""

import dataclasses
import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras

from benchmarks.evidence.measure import Meter
from benchmarks.evidence.records import Level
from tofa_tf.common.progress import Progress
from tofa_tf.select.effort import Effort
from tofa_tf.space.arch import Arch
from tofa_tf.training.experiment import Experiment, load_experiment, open_folder
from tofa_tf.training.sampling import spread_archs
from tofa_tf.training.settings import Settings
from tofa_tf.training.trained_run import TrainedRun, train_or_load


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What an arm comes to; see `records.Row`."""

    levels: tuple[Level, ...]
    effort: Effort
    final_effort: Effort
    notes: Mapping[str, Any]


class Bench:
    """One split of one set for one arm.

    Args:
        settings: of the training.
        levels: nets at even ratios of MACs.
        folder: for what is trained; of equal settings, so that arms share a supernet.
        models: folder for .tflite files.
        name: of the arm on this split, for files.
    """

    def __init__(self, settings: Settings, levels: int, folder: Path, models: Path, name: str):
        self.settings = settings
        self.levels = levels
        self.folder = folder
        self.models = models
        self.name = name

    @functools.cached_property
    def experiment(self) -> Experiment:
        """Images, labels and recipe."""
        return _load(self.settings)

    @property
    def meter(self) -> Meter:
        """Measures nets on the test images."""
        return Meter(self.experiment, self.models, self.name)

    @property
    def archs(self) -> list[Arch]:
        """The nets of all levels, the smallest first."""
        return spread_archs(self.experiment.space, self.levels)

    def trained(self) -> TrainedRun:
        """Returns the supernet of these settings; an interrupted training goes on."""
        folder = open_folder(self.experiment, self.folder / "supernet", overwrite=False)
        with Progress(self.experiment.config.steps) as progress:
            return train_or_load(self.experiment, folder, progress.step)


@functools.lru_cache(maxsize=2)
def _load(settings: Settings) -> Experiment:
    """Arms of equal images follow each other; decoding them takes its time."""
    keras.backend.clear_session()
    return load_experiment(settings)
