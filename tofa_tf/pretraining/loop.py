"""Runs a pre-training: the loop around `PretrainStep`, with log, checkpoints and resume."""

import math
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from absl import logging

from tofa_tf.common.checkpoint_file import next_checkpoint, read_arrays, read_last
from tofa_tf.common.collector import collector_paused
from tofa_tf.common.errors import UserError
from tofa_tf.common.files import read_json, replacing, write_json
from tofa_tf.common.interrupt import deferred_interrupt
from tofa_tf.data.records import ImageSet
from tofa_tf.data.views import Batches
from tofa_tf.nets.channel_order import sort_channels
from tofa_tf.nets.supernet import Supernet
from tofa_tf.pretraining.recipe import Phase, Recipe, Timetable
from tofa_tf.pretraining.step import PretrainStep
from tofa_tf.space.arch import Arch
from tofa_tf.space.search_space import SearchSpace
from tofa_tf.training.metrics_log import METRICS, MetricsLog, drop_lines_from
from tofa_tf.training.sampling import Role, SandwichSampler

CHECKPOINT = "checkpoint.npz"
RECIPE = "recipe.json"
_STEPS = "steps_done"


def new_supernet(space: SearchSpace, num_classes: int, seed: int) -> Supernet:
    """Returns a supernet; equal seeds give equal weights.

    Sets the seeds of the process, and switches TensorFlow's optimiser of graphs off in it.
    """
    keras.utils.set_random_seed(seed)
    # It finds nothing to speed up in these graphs, but delays the first step by seconds.
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
    supernet = Supernet(space, num_classes)
    supernet.build()
    return supernet


def pretrain(
    supernet: Supernet,
    recipe: Recipe,
    images: ImageSet,
    folder: Path,
    *,
    copy_to: Path | None = None,
    checkpoint_seconds: float = 180.0,
    log_seconds: float = 20.0,
    change_recipe: bool = False,
    max_steps: int | None = None,
) -> bool:
    """Trains to the end of the recipe, from the last checkpoint in `folder` where there is one.

    Args:
        supernet: built; of a space with all the resolutions of the recipe.
        recipe: how to train.
        images: to train on, with classes.
        folder: for `recipe.json`, `metrics.jsonl`, `checkpoint.npz`.
        copy_to: a second folder, which gets a copy of every checkpoint.
        checkpoint_seconds: between two checkpoints.
        log_seconds: between two lines of the log.
        change_recipe: whether a training that was started by another recipe goes on by this one;
            what is before the checkpoint's step stays as it was.
        max_steps: steps to take in this call; None for all.

    Returns:
        Whether the recipe's end is reached.

    Raises:
        UserError: if the folder holds the training of another recipe, its checkpoint is damaged or
            of another supernet, or the loss is not finite.
        KeyboardInterrupt: on Ctrl-C or SIGTERM, once the step is finished and saved.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _check_recipe(folder / RECIPE, recipe, change_recipe)
    state, timetable = PretrainStep(supernet, recipe), Timetable(recipe, len(images))
    total = timetable.total_steps
    first = read_last(folder / CHECKPOINT, lambda path: _restore(path, state, total)) or 0
    drop_lines_from(folder / METRICS, first)
    last = min(timetable.total_steps, first + (max_steps or timetable.total_steps))
    logging.info("steps %d to %d of %d", first, last, timetable.total_steps)
    batches, nets = Batches(images, recipe.batch, recipe.seed), _Nets(supernet.space, recipe)
    speed, saved_at = _Speed(recipe.batch), time.monotonic()
    metrics_log = MetricsLog(folder)
    logged_at = -math.inf
    with deferred_interrupt() as interrupted:
        for step in range(first, last):
            plan = timetable.at(step)
            phase = recipe.phases[plan.phase]
            if phase.sort_channels and plan.step_of_phase == 0:
                sort_channels(supernet)
                state.forget_momentum()
            archs = nets.of(phase, step, plan.resolution)
            with collector_paused(when=step == first):
                metrics = state(batches.at(step), archs, plan.rate)
            speed.step()
            now = time.monotonic()
            end = step == last - 1 or interrupted()
            if end or now - logged_at >= log_seconds:
                values = {name: float(value) for name, value in metrics.items()}
                _check_finite(step, values, folder / CHECKPOINT)
                values |= {"learning_rate": plan.rate, "resolution": plan.resolution}
                values["images_per_second"] = speed.images_per_second
                metrics_log.add(step, values)
                _log(phase, step, timetable.total_steps, values, recipe.batch)
                logged_at = now
            if end or now - saved_at >= checkpoint_seconds:
                _save(folder / CHECKPOINT, state, step + 1, copy_to)
                saved_at = now
            if interrupted():
                raise KeyboardInterrupt
    metrics_log.close()
    return last == timetable.total_steps


class _Nets:
    """Draws the nets of a step."""

    def __init__(self, space: SearchSpace, recipe: Recipe):
        most = max(phase.num_random for phase in recipe.phases)
        resolutions = {size for phase in recipe.phases for size, _ in phase.resolutions}
        self._samplers = {
            size: SandwichSampler(space.at_resolutions((size,)), recipe.seed, most)
            for size in resolutions
        }

    def of(self, phase: Phase, step: int, resolution: int) -> list[tuple[Role, Arch]]:
        """Returns the nets of a step with their roles, the largest first."""
        space = self._samplers[resolution].space
        archs: list[tuple[Role, Arch]] = [("max", space.max_arch)]
        if phase.smallest:
            archs.append(("min", space.min_arch))
        if phase.num_random:
            archs += self._samplers[resolution].archs(step)[2 : 2 + phase.num_random]
        return archs


class _Speed:
    """Images a second over the last steps; a step counts its images once, not once a net."""

    _WINDOW = 50

    def __init__(self, batch: int):
        self._batch = batch
        self._times = [time.monotonic()]

    def step(self) -> None:
        """Notes that a step has ended."""
        self._times = [*self._times[-self._WINDOW :], time.monotonic()]

    @property
    def images_per_second(self) -> float:
        """The mean over the last steps."""
        steps = len(self._times) - 1
        return self._batch * steps / max(1e-9, self._times[-1] - self._times[0])


def _log(
    phase: Phase, step: int, total_steps: int, values: Mapping[str, float], batch: int
) -> None:
    seconds = (total_steps - step - 1) * batch / values["images_per_second"]
    others = f", others {values['others_loss']:.3f}" if "others_loss" in values else ""
    logging.info(
        "%s, step %d/%d, %d px: loss %.3f%s, accuracy %.1f %%, rate %.4f, %.0f images/s, "
        "%d:%02d h left at this speed",
        phase.name, step + 1, total_steps, values["resolution"], values["largest_loss"], others,
        100 * values["accuracy"], values["learning_rate"], values["images_per_second"],
        seconds // 3600, seconds % 3600 // 60,
    )  # fmt: skip


def _check_recipe(path: Path, recipe: Recipe, change: bool) -> None:
    if path.exists() and Recipe.from_json(read_json(path)) != recipe and not change:
        raise UserError(
            f"{path.parent} holds a training by another recipe: choose another folder, or pass "
            "change_recipe to go on by this one"
        )
    write_json(path, recipe.to_json())


def _check_finite(step: int, values: Mapping[str, float], checkpoint: Path) -> None:
    if all(math.isfinite(value) for value in values.values()):
        return
    kept = f"the last good state is in {checkpoint}" if checkpoint.exists() else "nothing was saved"
    raise UserError(
        f"pre-training diverged at step {step}: loss {values['largest_loss']}, gradient norm "
        f"{values['gradient_norm']}; {kept}; lower the rate of the recipe"
    )


def _key(group: str, variable: keras.Variable) -> str:
    return f"{group}|{variable.path.replace('/', '|')}"


def _variables(state: PretrainStep) -> dict[str, keras.Variable]:
    momenta = zip(state.supernet.trainable_variables, state.optimizer.momentums, strict=True)
    return {
        **{_key("supernet", weight): weight for weight in state.supernet.weights},
        **{_key("momentum", weight): momentum for weight, momentum in momenta},
    }


def _save(path: Path, state: PretrainStep, steps_done: int, copy_to: Path | None) -> None:
    arrays: dict[str, Any] = {
        name: np.asarray(variable) for name, variable in _variables(state).items()
    }
    arrays[_STEPS] = np.int64(steps_done)
    with next_checkpoint(path) as temporary:
        np.savez(temporary, **arrays)
    if copy_to is not None:
        with replacing(copy_to / path.name) as temporary:
            shutil.copyfile(path, temporary)


def _restore(path: Path, state: PretrainStep, most: int) -> int:
    """Puts a saved state back and returns how many steps it has taken, of `most`."""
    variables = _variables(state)
    arrays = read_arrays(path, variables, further=[_STEPS])
    steps = arrays.get(_STEPS, np.float64(np.nan))
    if steps.shape or steps.dtype.kind not in "iu" or not 0 <= steps <= most:
        raise UserError(f"{path} is damaged: it does not hold after which of {most} steps it is")
    for name, variable in variables.items():
        variable.assign(arrays[name])
    return int(steps)
