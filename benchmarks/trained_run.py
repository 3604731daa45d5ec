"""The trained run that a benchmark takes its subnets from."""

import dataclasses

from tflite_export.common.settings import SettingsBase, setting
from tofa_tf.common.errors import UserError
from tofa_tf.training.experiment import load_experiment, open_folder
from tofa_tf.training.settings import Settings
from tofa_tf.training.trained_run import TrainedRun, train_or_load
from tofa_tf.training.trainer import WEIGHTS


@dataclasses.dataclass(frozen=True)
class RunFolder(SettingsBase):
    """Where the run is."""

    workdir: str = setting("Folder of a run that is trained, with the settings given.")


def load_trained_run(settings: Settings, folder: RunFolder) -> TrainedRun:
    """Loads a run from its folder.

    Raises:
        UserError: if the folder holds no such run, or it is not trained yet.
    """
    experiment = load_experiment(settings)
    path = open_folder(experiment, folder.workdir, overwrite=False)
    if not (path / WEIGHTS).exists():
        raise UserError(f"{path} holds no trained supernet: train it first")
    return train_or_load(experiment, path)
