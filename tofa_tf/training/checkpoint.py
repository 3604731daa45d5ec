"""The state of a training run in one file: weights, averages, optimizer, pseudo-label rule."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tofa_tf.common.errors import UserError, first_line
from tofa_tf.common.files import replacing
from tofa_tf.training.train_step import TrainStep


def save_checkpoint(path: str | os.PathLike, state: TrainStep) -> None:
    """Writes the whole state, completely or not at all."""
    with replacing(path) as temporary:
        arrays: dict[str, Any] = {name: np.asarray(v) for name, v in _variables(state).items()}
        np.savez(temporary, **arrays)


def restore_checkpoint(path: str | os.PathLike, state: TrainStep) -> None:
    """Puts a saved state back.

    Raises:
        UserError: if the file is damaged or belongs to another run.
    """
    variables = _variables(state)
    try:
        with np.load(Path(path)) as saved:
            if set(saved.files) != set(variables):
                raise UserError(
                    f"{path} is damaged, or holds the state of another supernet or optimizer: "
                    "delete it, and the same command trains from the start"
                )
            for name, variable in variables.items():
                variable.assign(saved[name])
    except UserError:
        raise
    # Whatever comes to zipfile's, tokenize's and numpy's readers, which agree on no exception.
    except Exception as error:
        raise UserError(
            f"cannot read the checkpoint {path} ({first_line(error)}): delete it, and the same "
            "command trains from the start"
        ) from error


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
