"""Trains one supernet: the loop around `TrainStep`, with logs, checkpoints and resume."""

import math
import time
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from absl import logging

from tofa_tf.common.errors import UserError
from tofa_tf.common.interrupt import deferred_interrupt
from tofa_tf.data.pipeline import train_batches
from tofa_tf.data.records import TrainingImages
from tofa_tf.nets.supernet import Supernet
from tofa_tf.nets.weights_file import save_weights
from tofa_tf.pretrained.transfer import copy_weights
from tofa_tf.space.search_space import SearchSpace
from tofa_tf.training.automatic import settle
from tofa_tf.training.checkpoint import restore_checkpoint, save_checkpoint
from tofa_tf.training.metrics_log import (
    METRICS,
    MetricsLog,
    drop_lines_from,
    training_seconds,
)
from tofa_tf.training.nesterov import NesterovSGD
from tofa_tf.training.pseudo_label import make_rule
from tofa_tf.training.sampling import SamplerLog, SandwichSampler
from tofa_tf.training.schedule import CosineToZero
from tofa_tf.training.settings import TrainConfig
from tofa_tf.training.train_step import TrainStep

CHECKPOINT = "checkpoint.npz"
SAMPLED = "sampled.jsonl"
WEIGHTS = "supernet.weights.h5"


def build_training(
    space: SearchSpace,
    num_classes: int,
    config: TrainConfig,
    pretrained: Supernet | None = None,
    channels: int = 3,
) -> TrainStep:
    """Builds supernet, optimizer and step; equal seeds give equal initial weights.

    Args:
        space: what may vary.
        num_classes: outputs of the classifier.
        config: of the training.
        pretrained: supernet of the same space to take the weights from; its classifier only where
            it has as many classes.
        channels: of the images.
    """
    config = settle(config, pretrained=pretrained is not None)
    keras.utils.set_random_seed(config.seed)
    # It finds nothing to speed up in these graphs, but delays the first step by seconds.
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
    supernet = Supernet(space, num_classes, channels)
    supernet.build()
    if pretrained is not None:
        copy_weights(pretrained, supernet)
    assert config.learning_rate is not None  # `settle` has chosen one.
    rate = CosineToZero(config.learning_rate, config.steps, config.warmup_steps)
    optimizer = NesterovSGD(rate, momentum=0.9, name="sgd")
    rule = make_rule(config.pseudo_label, num_classes, config.threshold)
    return TrainStep(supernet, optimizer, rule, config)


def train(
    state: TrainStep,
    data: TrainingImages,
    config: TrainConfig,
    folder: Path,
    on_step: Callable[[int, dict[str, float]], None] | None = None,
) -> None:
    """Trains to the end, from the last checkpoint in `folder` where there is one.

    Writes `metrics.jsonl`, `sampled.jsonl`, `tensorboard/`, `checkpoint.npz`, keeps the one before
    it as `checkpoint_before.npz`, and at the end `supernet.weights.h5`, the averaged weights, which
    are then in the supernet too.

    Args:
        state: from `build_training`.
        data: what is learnt from.
        config: of this run.
        folder: of this run, exists.
        on_step: is told of every finished step.

    Raises:
        UserError: if loss, gradient or weights stop being finite; says at which step, and keeps
            the last checkpoint.
        KeyboardInterrupt: on Ctrl-C or SIGTERM, once the step is finished and saved.
    """
    checkpoint = folder / CHECKPOINT
    restore_checkpoint(checkpoint, state)
    first = int(state.optimizer.iterations)
    for name in (METRICS, SAMPLED):
        drop_lines_from(folder / name, first)
    if first:
        logging.info("resuming at step %d of %d", first, config.steps)

    sampler = SandwichSampler(state.supernet.space, config.seed, config.num_random)
    sampled, metrics_log = SamplerLog(folder / SAMPLED), MetricsLog(folder)
    batches = train_batches(
        data,
        labelled_batch=config.labelled_batch,
        unlabelled_ratio=config.unlabelled_ratio,
        seed=config.seed,
        total_steps=config.steps,
        start_step=first,
        flip=config.flip,
        resolutions=state.supernet.space.resolutions,
    )
    images_per_step = config.labelled_batch * (1 + 2 * config.unlabelled_ratio)
    seconds_before, started = training_seconds(folder), time.perf_counter()
    last_time = started
    with deferred_interrupt() as interrupted:
        for step, batch in zip(range(first, config.steps), batches, strict=True):
            archs = sampler.archs(step)
            metrics = state(batch, archs)
            metrics = {name: float(value) for name, value in metrics.items()}
            _check_finite(step, metrics, checkpoint)
            sampled.add(step, [arch for _, arch in archs])
            now = time.perf_counter()
            metrics["images_per_second"] = images_per_step / (now - last_time)
            metrics["seconds"] = seconds_before + now - started
            last_time = now
            if step % config.log_every_steps == 0 or step == config.steps - 1:
                metrics_log.add(step, metrics)
            if on_step:
                on_step(step, metrics)
            stop = interrupted()
            due = (step + 1) % config.checkpoint_every_steps == 0 or step == config.steps - 1
            if due or stop:
                _check_weights(step, state, checkpoint)
                save_checkpoint(checkpoint, state)
            if stop:
                raise KeyboardInterrupt
    metrics_log.close()
    state.averages.use()
    save_weights(state.supernet, folder / WEIGHTS)


def _check_finite(step: int, metrics: dict[str, float], checkpoint: Path) -> None:
    if not math.isfinite(metrics["loss"]) or not math.isfinite(metrics["gradient_norm"]):
        what = f"loss {metrics['loss']}, gradient norm {metrics['gradient_norm']}"
        raise _diverged(step, what, checkpoint)


def _check_weights(step: int, state: TrainStep, checkpoint: Path) -> None:
    """Clipped gradients and logits of one batch may be finite where weights are not any more."""
    arrays = {variable.path: variable for variable in state.supernet.weights}
    arrays |= {variable.name: variable for variable in state.averages.averages}
    bad = [name for name, array in arrays.items() if not np.isfinite(np.asarray(array)).all()]
    if bad:
        what = f"{len(bad)} of {len(arrays)} arrays of weights are not finite, e.g. {bad[0]}"
        raise _diverged(step, what, checkpoint)


def _diverged(step: int, what: str, checkpoint: Path) -> UserError:
    kept = f"the last good state is in {checkpoint}" if checkpoint.exists() else "nothing was saved"
    return UserError(
        f"training diverged at step {step}: {what}; {kept}; lower learning_rate or raise "
        "warmup_steps"
    )
