"""Nets trained each on its own, from the same start and on the same images as a supernet.

That is what one does without a supernet, so a trained supernet is compared with it. A net on its
own is a supernet of one subnet and goes through the very same training: step, augmentation, loss
and start are equal, and a change of the recipe changes both.
"""

import dataclasses
import functools
import hashlib
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import keras
import numpy as np

from tofa_tf.common.errors import UserError
from tofa_tf.data.hold_out import CannotHoldOutError, hold_out
from tofa_tf.data.validation import DEFAULT_FRACTION
from tofa_tf.nets.deployable import deployable
from tofa_tf.nets.single import single_subnet
from tofa_tf.nets.supernet import Supernet
from tofa_tf.pretrained.names import NONE
from tofa_tf.pretrained.transfer import copy_weights
from tofa_tf.select.effort import Effort, forward_effort, training_effort
from tofa_tf.select.standard_nets import STANDARD_NETS, standard_space
from tofa_tf.space.arch import Arch
from tofa_tf.space.cost import Cost, cost
from tofa_tf.space.search_space import SearchSpace
from tofa_tf.training.automatic import settle
from tofa_tf.training.evaluate import accuracy_of
from tofa_tf.training.experiment import Experiment
from tofa_tf.training.head_start import UNLABELLED, start_head
from tofa_tf.training.settings import TrainConfig
from tofa_tf.training.trained_run import TrainedRun, train_or_load

FOLDER = "baselines"

# Keeps the draw of images to choose by apart from other draws of the seed.
_STREAM = 2


@dataclasses.dataclass(frozen=True)
class Recipe:
    """One way to train a net on labels alone.

    Attributes:
        learning_rate: its peak.
        steps: of the optimiser; never more than the supernet's own.
    """

    learning_rate: float
    steps: int

    def __str__(self) -> str:
        return f"rate {self.learning_rate:g}, {self.steps} steps"


# The first of each is taken where a class has one label and nothing can be chosen: the careful one
# does least harm to pre-trained features.
FINE_TUNING = (Recipe(0.003, 100), Recipe(0.01, 100), Recipe(0.01, 300), Recipe(0.03, 300))
FROM_SCRATCH = (Recipe(0.03, 300), Recipe(0.1, 300), Recipe(0.1, 1000))


@dataclasses.dataclass(frozen=True)
class Alone:
    """A net that has been made on its own.

    Attributes:
        model: float, batch norm recalibrated on training images.
        calibration: images for int8 ranges, see `deployable`.
        cost: its closed-form cost.
        chosen: how it was made, where something was chosen.
        effort: of everything, the trials that were not chosen included.
        final_effort: of the chosen training alone.
    """

    model: keras.Model
    calibration: np.ndarray
    cost: Cost
    chosen: str
    effort: Effort
    final_effort: Effort


def ridge(experiment: Experiment, arch: Arch, folder: Path, self_training: bool = False) -> Alone:
    """A subnet of the pre-trained supernet, frozen, with a classifier by ridge regression.

    That is the start of `fine_tuned`, with self-training that of `fine_tuned_semi`.

    Args:
        experiment: with pre-trained weights.
        arch: the subnet.
        folder: not used, for nothing is trained.
        self_training: whether the classifier learns from unlabelled images too.

    Raises:
        UserError: if the experiment has no pre-trained weights.
    """
    del folder
    began = time.perf_counter()
    start = single_subnet(_pretrained(experiment), arch)
    single = _alone(experiment, start.space, start)
    single = _with_config(single, dataclasses.replace(single.config, self_training=self_training))
    supernet = Supernet(single.space, single.num_classes, single.channels)
    supernet.build()
    copy_weights(start, supernet)
    start_head(supernet, single)
    model, calibration = deployable(supernet, single.space.max_arch, single)
    figures = _cost(single)
    views = 2 if single.config.flip else 1
    seen = len(single.labelled_labels) + (
        len(single.unlabelled(UNLABELLED)) if self_training else 0
    )
    images = 2 * len(calibration) + views * seen
    effort = forward_effort(figures.macs, images, time.perf_counter() - began)
    return Alone(model, calibration, figures, "", effort, effort)


def fine_tuned(experiment: Experiment, arch: Arch, folder: Path) -> Alone:
    """A subnet of the pre-trained supernet, trained on labels alone, tuned on validation images.

    Args:
        experiment: with pre-trained weights.
        arch: the subnet.
        folder: for the trainings, which resume there.

    Raises:
        UserError: if the experiment has no pre-trained weights, or a training diverges.
    """
    start = single_subnet(_pretrained(experiment), arch)
    return _tuned(_alone(experiment, start.space, start), FINE_TUNING, folder)


def fine_tuned_semi(experiment: Experiment, arch: Arch, folder: Path) -> Alone:
    """The same start as `fine_tuned`, trained by the semi-supervised recipe of the experiment."""
    start = single_subnet(_pretrained(experiment), arch)
    return _by_the_recipe(_alone(experiment, start.space, start), folder)


def from_scratch(experiment: Experiment, arch: Arch, folder: Path) -> Alone:
    """A fresh net, trained on labels alone, tuned on validation images."""
    return _tuned(_alone(experiment, experiment.space.only(arch), None), FROM_SCRATCH, folder)


def from_scratch_semi(experiment: Experiment, arch: Arch, folder: Path) -> Alone:
    """A fresh net, trained by the semi-supervised recipe of the experiment."""
    return _by_the_recipe(_alone(experiment, experiment.space.only(arch), None), folder)


def standard(name: str, experiment: Experiment, arch: Arch, folder: Path) -> Alone:
    """A well-known net, fresh, trained on labels alone, tuned on validation images.

    Args:
        name: one of `STANDARD_NETS`.
        experiment: with the images.
        arch: its resolution is taken; the net is what it is.
        folder: for the trainings, which resume there.
    """
    space = standard_space(name, arch.resolution)
    return _tuned(_alone(experiment, space, None), FROM_SCRATCH, folder)


# What one would do without a supernet, for one subnet at a time.
BASELINES: dict[str, Callable[[Experiment, Arch, Path], Alone]] = {
    "ridge": ridge,
    "self_trained": functools.partial(ridge, self_training=True),
    "fine_tuned": fine_tuned,
    "fine_tuned_semi": fine_tuned_semi,
    "scratch": from_scratch,
    "scratch_semi": from_scratch_semi,
    **{name: functools.partial(standard, name) for name in STANDARD_NETS},
}


def make_alone(baseline: str, experiment: Experiment, arch: Arch, folder: Path) -> Alone:
    """Makes a net by one of `BASELINES`.

    Args:
        baseline: its name.
        experiment: images, labels and recipe.
        arch: of the subnet that it is compared with.
        folder: for trainings, which resume there.

    Raises:
        UserError: if there is no such baseline, or it cannot be made.
    """
    if baseline not in BASELINES:
        raise UserError(f"unknown baseline {baseline!r}; available: {', '.join(BASELINES)}")
    return BASELINES[baseline](experiment, arch, folder)


def baseline_folder(root: Path, baseline: str, arch: Arch) -> Path:
    """Returns where the trainings of a baseline for a subnet belong.

    Args:
        root: folder of the run that it is compared with.
        baseline: its name.
        arch: of the subnet.
    """
    digest = hashlib.blake2b(json.dumps(arch.to_json()).encode(), digest_size=4).hexdigest()
    return root / FOLDER / f"{baseline}_{digest}"


def _pretrained(experiment: Experiment) -> Supernet:
    if experiment.pretrained is None:
        raise UserError(
            "pretrained is none: there is no start that a net of its own could share; choose "
            "weights, or the baselines scratch and scratch_semi"
        )
    return experiment.pretrained


def _alone(experiment: Experiment, space: SearchSpace, start: Supernet | None) -> Experiment:
    """The same experiment with one net in place of the supernet."""
    config = experiment.config
    if start is None and experiment.pretrained is not None:
        # Rates that were chosen for pre-trained weights.
        config = dataclasses.replace(config, learning_rate=None, trunk_rate=None)
        config = settle(config, pretrained=False)
    settings = dataclasses.replace(
        experiment.settings,
        search_space=space,
        resolutions=space.resolutions,
        pretrained=experiment.settings.pretrained if start else NONE,
    )
    single = dataclasses.replace(experiment, settings=settings, space=space, pretrained=start)
    return _with_config(single, config)


def _with_config(experiment: Experiment, config: TrainConfig) -> Experiment:
    settings = dataclasses.replace(experiment.settings, train=config)
    return dataclasses.replace(experiment, settings=settings, config=config)


def _by_the_recipe(experiment: Experiment, folder: Path) -> Alone:
    run = _train(experiment, folder)
    effort = training_effort(experiment, run.training_seconds)
    return _made(run, _net(run), "the recipe of the supernet", effort, effort)


def _tuned(experiment: Experiment, recipes: Sequence[Recipe], folder: Path) -> Alone:
    """Trains on labels by each recipe and keeps what is best on images that it has not seen.

    Those are the validation images; where there are none, labelled ones that are held out while
    recipes are tried. All labelled images then train by the chosen recipe.
    """
    trial = _with_images_to_choose_by(experiment)
    if trial is None:
        run, final = _by_labels(experiment, recipes[0], folder)
        chosen = f"{recipes[0]}, without images to choose by"
        return _made(run, _net(run), chosen, final, final)
    runs, efforts = zip(*(_by_labels(trial, recipe, folder) for recipe in recipes), strict=True)
    nets = [_net(run) for run in runs]
    best = int(np.argmax([accuracy_of(net, trial, "validation") for net in nets]))
    run, net, final, effort = runs[best], nets[best], efforts[best], sum(efforts, Effort())
    where = "on validation images"
    if trial is not experiment:
        where = "on labelled images held out"
        run, final = _by_labels(experiment, recipes[best], folder / "all_labels")
        net = _net(run)
        effort += final
    return _made(run, net, f"{recipes[best]}, {where}", effort, final)


def _with_images_to_choose_by(experiment: Experiment) -> Experiment | None:
    """The same with a validation part, which may be a part of the labels; None where none can be.

    That is where a class has only one labelled image, or images of one group.
    """
    if experiment.validation is not None:
        return experiment
    training, pool = experiment.training, experiment.training.pool
    try:
        held = hold_out(
            experiment.labelled_labels,
            DEFAULT_FRACTION,
            experiment.num_classes,
            [experiment.config.seed, _STREAM],
            groups=None if pool.groups is None else pool.groups[training.labelled],
        )
    except CannotHoldOutError:
        return None
    return dataclasses.replace(
        experiment,
        training=dataclasses.replace(training, labelled=training.labelled[~held]),
        validation=pool.take(training.labelled[held]),
    )


def _by_labels(experiment: Experiment, recipe: Recipe, folder: Path) -> tuple[TrainedRun, Effort]:
    """Trains on labels alone by one recipe."""
    config = dataclasses.replace(
        experiment.config,
        learning_rate=recipe.learning_rate,
        steps=min(recipe.steps, experiment.config.steps),
        unlabelled_ratio=0,
        warmup_steps=0,
    )
    single = _with_config(experiment, config)
    run = _train(single, folder / f"rate{recipe.learning_rate:g}_steps{config.steps}")
    return run, training_effort(single, run.training_seconds)


def _train(experiment: Experiment, folder: Path) -> TrainedRun:
    """Trains to the end; an interrupted training goes on from its checkpoint."""
    folder.mkdir(parents=True, exist_ok=True)
    return train_or_load(experiment, folder)


def _net(run: TrainedRun) -> keras.Model:
    """The only subnet there is."""
    model, _ = deployable(run.supernet, run.experiment.space.max_arch, run.experiment)
    return model


def _made(
    run: TrainedRun, net: keras.Model, chosen: str, effort: Effort, final_effort: Effort
) -> Alone:
    experiment = run.experiment
    calibration = experiment.calibration_images(experiment.space.max_arch.resolution)
    return Alone(net, calibration, _cost(experiment), chosen, effort, final_effort)


def _cost(single: Experiment) -> Cost:
    return cost(single.space, single.space.max_arch, single.num_classes, single.channels)
