"""Trains one supernet: the loop around `TrainStep`, with logs, checkpoints and resume."""

import math
import time
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from absl import logging

from tofa_tf.common.collector import collector_paused
from tofa_tf.common.errors import UserError
from tofa_tf.common.interrupt import deferred_interrupt
from tofa_tf.data.pipeline import train_batches
from tofa_tf.data.records import TrainingImages
from tofa_tf.distribute.replicas import ALONE, Replicas
from tofa_tf.nets.supernet import Supernet
from tofa_tf.pretrained.transfer import copy_weights
from tofa_tf.space.search_space import SearchSpace
from tofa_tf.training.automatic import settle
from tofa_tf.training.checkpoint import take_from_chief
from tofa_tf.training.journal import Journal, RunJournal
from tofa_tf.training.nesterov import NesterovSGD
from tofa_tf.training.pseudo_label import make_rule
from tofa_tf.training.sampling import SandwichSampler
from tofa_tf.training.schedule import CosineToZero
from tofa_tf.training.settings import TrainConfig
from tofa_tf.training.since_start import LATER, START
from tofa_tf.training.train_step import TrainStep


def build_training(
    space: SearchSpace,
    num_classes: int,
    config: TrainConfig,
    pretrained: Supernet | None = None,
    channels: int = 3,
    replicas: Replicas = ALONE,
) -> TrainStep:
    """Builds supernet, optimizer and step; equal seeds give equal initial weights.

    Sets the seeds of the process, and switches TensorFlow's optimiser of graphs off in it.

    Args:
        space: what may vary.
        num_classes: outputs of the classifier.
        config: of the training.
        pretrained: supernet of the same space to take the weights from; its classifier only where
            it has as many classes.
        channels: of the images.
        replicas: that train together.
    """
    config = settle(config, pretrained=pretrained is not None)
    keras.utils.set_random_seed(config.seed)
    # It finds nothing to speed up in these graphs, but delays the first step by seconds.
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
    dtype = "mixed_bfloat16" if config.mixed_precision else "float32"
    supernet = Supernet(space, num_classes, channels, dtype=dtype)
    supernet.build()
    if pretrained is not None:
        copy_weights(pretrained, supernet)
    assert config.learning_rate is not None  # `settle` has chosen one.
    rate = CosineToZero(config.learning_rate, config.steps, config.warmup_steps)
    optimizer = NesterovSGD(rate, momentum=0.9, name="sgd")
    rule = make_rule(config.pseudo_label, num_classes, config.threshold)
    return TrainStep(supernet, optimizer, rule, config, replicas)


def train(
    state: TrainStep,
    data: TrainingImages,
    config: TrainConfig,
    folder: Path | None,
    on_step: Callable[[int, dict[str, float]], None] | None = None,
    validate: Callable[[], float] | None = None,
) -> None:
    """Trains to the end, from the last checkpoint in `folder` where there is one.

    Writes `metrics.jsonl`, `sampled.jsonl`, `tensorboard/`, `checkpoint.npz`, keeps the one before
    it as `checkpoint_before.npz`, and at the end `supernet.weights.h5`, the averaged weights, which
    are then in the supernet too.

    Args:
        state: from `build_training`; where several replicas train, it becomes that of the chief.
        data: what is learnt from.
        config: of this run.
        folder: of this run, exists; None for a replica that is not the chief.
        on_step: is told of every finished step.
        validate: returns how accurate the supernet is, with the averaged weights in it; asked at
            every checkpoint, and before the first step.

    Raises:
        UserError: if loss, gradient or weights stop being finite; says at which step, and keeps
            the last checkpoint.
        KeyboardInterrupt: on Ctrl-C or SIGTERM, once the step is finished and saved.
    """
    replicas = state.replicas
    journal = Journal() if folder is None else RunJournal(folder)
    journal.restore(state)
    if replicas.count > 1:
        take_from_chief(state)
    first = int(state.optimizer.iterations)
    journal.begin(first)
    if first:
        logging.info("resuming at step %d of %d", first, config.steps)

    sampler = SandwichSampler(state.supernet.space, config.seed, config.num_random)
    batches = train_batches(
        data,
        labelled_batch=config.labelled_batch,
        unlabelled_ratio=config.unlabelled_ratio,
        seed=config.seed,
        total_steps=config.steps,
        start_step=first,
        flip=config.flip,
        resolutions=state.supernet.space.resolutions,
        share=replicas.share,
    )
    images_per_step = config.labelled_batch * (1 + 2 * config.unlabelled_ratio)
    before = {}
    if validate and not first:
        before[START] = validate()
        logging.info("before the first step: validation %.1f%%", 100 * before[START])
    started = last_time = time.perf_counter()
    with deferred_interrupt() as interrupted:
        for step, batch in zip(range(first, config.steps), batches, strict=True):
            archs = sampler.archs(step)
            with collector_paused(when=step == first):
                metrics = state(batch, archs)
            metrics = {name: float(value) for name, value in metrics.items()}
            _check_finite(step, metrics, journal)
            journal.sampled(step, [arch for _, arch in archs])
            now = time.perf_counter()
            metrics["images_per_second"] = images_per_step / (now - last_time)
            metrics["seconds"] = journal.seconds + now - started
            if step == 0:
                metrics |= before
            due = (step + 1) % config.checkpoint_every_steps == 0 or step == config.steps - 1
            if due and validate:
                with state.averages.in_use():
                    metrics[LATER] = validate()
            last_time = time.perf_counter()
            measured = LATER in metrics or step % config.log_every_steps == 0
            if measured or step == config.steps - 1:
                journal.measured(step, metrics)
            if on_step:
                on_step(step, metrics)
            stop = replicas.any(interrupted())
            if due or stop:
                _check_weights(step, state, journal)
                journal.save(state)
            if stop:
                raise KeyboardInterrupt
    state.averages.use()
    journal.finish(state)


def _check_finite(step: int, metrics: dict[str, float], journal: Journal) -> None:
    if not math.isfinite(metrics["loss"]) or not math.isfinite(metrics["gradient_norm"]):
        what = f"loss {metrics['loss']}, gradient norm {metrics['gradient_norm']}"
        raise _diverged(step, what, journal)


def _check_weights(step: int, state: TrainStep, journal: Journal) -> None:
    """Clipped gradients and logits of one batch may be finite where weights are not any more."""
    arrays = {variable.path: variable for variable in state.supernet.weights}
    arrays |= {variable.name: variable for variable in state.averages.averages}
    bad = [name for name, array in arrays.items() if not np.isfinite(np.asarray(array)).all()]
    if bad:
        what = f"{len(bad)} of {len(arrays)} arrays of weights are not finite, e.g. {bad[0]}"
        raise _diverged(step, what, journal)


def _diverged(step: int, what: str, journal: Journal) -> UserError:
    return UserError(
        f"training diverged at step {step}: {what}; {journal.kept}; lower learning_rate or raise "
        "warmup_steps"
    )
