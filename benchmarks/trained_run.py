"""The trained run that a benchmark takes its subnets from."""

from tofa_tf.common.errors import UserError
from tofa_tf.training.experiment import load_experiment, open_folder
from tofa_tf.training.settings import Settings, Workdir
from tofa_tf.training.trained_run import TrainedRun, train_or_load
from tofa_tf.training.trainer import WEIGHTS


def load_trained_run(settings: Settings, place: Workdir) -> TrainedRun:
    """Loads a run from its folder.

    Raises:
        UserError: if the folder holds no such run, or it is not trained yet.
    """
    experiment = load_experiment(settings)
    folder = open_folder(experiment, place.workdir, overwrite=False)
    if not (folder / WEIGHTS).exists():
        raise UserError(f"{folder} holds no trained supernet: run tofa_tf.run with it first")
    return train_or_load(experiment, folder)
