"""The state of a training run in one file: weights, averages, optimizer, pseudo-label rule."""

import collections
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from tofa_tf.common.checkpoint_file import next_checkpoint, read_arrays, read_last
from tofa_tf.common.errors import UserError
from tofa_tf.training.train_step import TrainStep


def save_checkpoint(path: str | os.PathLike, state: TrainStep) -> None:
    """Writes the whole state, completely or not at all; the file before it is kept too."""
    with next_checkpoint(path) as temporary:
        arrays: dict[str, Any] = {name: np.asarray(v) for name, v in _variables(state).items()}
        np.savez(temporary, **arrays)


def restore_checkpoint(path: str | os.PathLike, state: TrainStep) -> None:
    """Puts the last saved state back, if there is one; one that is damaged costs the steps since.

    Raises:
        UserError: if no saved state can be read, or it belongs to another run.
    """
    read_last(path, lambda file: _restore(file, state))


def _restore(path: Path, state: TrainStep) -> None:
    variables, iterations = _variables(state), state.optimizer.iterations
    arrays = read_arrays(path, variables)
    name = next(name for name, variable in variables.items() if variable is iterations)
    step, steps = int(arrays[name]), state.config.steps
    if not 0 <= step <= steps:
        raise UserError(f"{path} is damaged: it is of step {step}, and the training has {steps}")
    for name, variable in variables.items():
        variable.assign(arrays[name])


def take_from_chief(state: TrainStep) -> None:
    """Gives all replicas the state that their chief has."""
    by_type = collections.defaultdict(list)
    for variable in _variables(state).values():
        by_type[np.asarray(variable).dtype].append(variable)
    for variables in by_type.values():
        flat = np.concatenate([np.ravel(variable) for variable in variables])
        flat = np.asarray(state.replicas.from_chief(tf.constant(flat)))
        ends = np.cumsum([np.size(variable) for variable in variables])
        for variable, values in zip(variables, np.split(flat, ends[:-1]), strict=True):
            variable.assign(values.reshape(np.shape(variable)))


def _variables(state: TrainStep) -> Mapping[str, Any]:
    """Every variable of a run by a name that is the same in every process."""
    groups = {
        "supernet": [(v.path, v) for v in state.supernet.weights],
        "ema": zip((v.path for v in state.averages.followed), state.averages.averages, strict=True),
        "optimizer": [(f"{i}/{v.path}", v) for i, v in enumerate(state.optimizer.variables)],
        "rule": [(v.name, v) for v in state.rule.variables],
    }
    return {
        f"{group}/{name}".replace("/", "|"): variable
        for group, named in groups.items()
        for name, variable in named
    }
