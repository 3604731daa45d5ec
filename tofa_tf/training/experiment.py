"""From what a user asked for to everything a training needs: space, images, labels, folder."""

import dataclasses
import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tflite_export.common.config_file import to_toml
from tflite_export.common.memory import memory_bytes
from tflite_export.input_spec import InputSpec, image_spec
from tflite_export.preprocess import normalise
from tofa_tf.common.errors import UserError
from tofa_tf.common.files import write_text
from tofa_tf.common.workdir import CONFIG_TOML, delete_run, open_workdir
from tofa_tf.data.arrays import Images
from tofa_tf.data.channels import GREY
from tofa_tf.data.parts import divide
from tofa_tf.data.reading import Reading, Show, silent
from tofa_tf.data.records import Dataset, ImageSet, TrainingImages
from tofa_tf.data.sources import load_dataset
from tofa_tf.data.splits import SPLIT, Split, difference, load_split, save_split
from tofa_tf.data.stored_images import ImageMemory, Pixels
from tofa_tf.nets.supernet import Supernet
from tofa_tf.pretrained.load import load_pretrained, resolve_pretrained
from tofa_tf.pretrained.names import NONE
from tofa_tf.space.presets import get_space
from tofa_tf.space.search_space import SearchSpace
from tofa_tf.teacher.load import load_teacher
from tofa_tf.teacher.trunk import Trunk
from tofa_tf.training.automatic import settle
from tofa_tf.training.extension import extend_run, shorter_run
from tofa_tf.training.foreign_report import write_foreign
from tofa_tf.training.journal import CHECKPOINT, WEIGHTS
from tofa_tf.training.settings import GUARD, Settings, TrainConfig

if TYPE_CHECKING:
    from tofa_tf.training.guard import Foreign

_CALIBRATION_IMAGES = 512


@dataclasses.dataclass(frozen=True)
class Experiment:
    """Settings made concrete.

    Attributes:
        settings: what was asked for, with nothing left open.
        space: with the resolutions of this run.
        dataset: all images.
        training: those that are learnt from, with and without their labels.
        validation: labelled images that are not: settings and rules are chosen on these; or None.
        no_validation: why there are none, or "".
        split: which image is in which part.
        config: of the training.
        pretrained: supernet to start from, or None.
        teacher: what teaches the supernet besides labels, or None.
        foreign: what the guard has left out of the unlabelled images; None without it.
    """

    settings: Settings
    space: SearchSpace
    dataset: Dataset
    training: TrainingImages
    validation: ImageSet | None
    no_validation: str
    split: Split
    config: TrainConfig
    pretrained: Supernet | None
    teacher: Trunk | None = None
    foreign: "Foreign | None" = None

    @property
    def num_classes(self) -> int:
        """Outputs of the classifier."""
        return len(self.dataset.class_names)

    @property
    def channels(self) -> int:
        """Of the images: 1 for grey, 3 for RGB."""
        return self.dataset.channels

    def input_spec(self, resolution: int) -> InputSpec:
        """How a photograph becomes the input of a net of this resolution."""
        mean, std = self.space.normalisation(self.channels)
        return image_spec(
            resolution,
            resolution,
            "grey" if self.channels == GREY else "rgb",
            mean=mean,
            std=std,
            augmentations=("shift", "flip") if self.config.flip else ("shift",),
        )

    def calibration_images(self, resolution: int) -> np.ndarray:
        """Some training images, (n, resolution, resolution, channels) float32, normalised."""
        return self.training_images(resolution, _CALIBRATION_IMAGES)

    def training_images(self, resolution: int, count: int) -> np.ndarray:
        """At most `count` training images, prepared like `calibration_images`."""
        generator, images = np.random.default_rng(self.config.seed), self.training.unlabelled
        chosen = generator.choice(len(images), min(count, len(images)), replace=False)
        return self.normalised(self.training.pool.at(resolution)[images[chosen]])

    def labelled_images(self, resolution: int) -> np.ndarray:
        """The images trained on with labels, prepared like `calibration_images`."""
        return self.normalised(self.training.pool.at(resolution)[self.training.labelled])

    def unlabelled(self, count: int) -> np.ndarray:
        """At most `count` positions in the pool of images that nobody labelled, the same ones."""
        images = np.setdiff1d(self.training.unlabelled, self.training.labelled)
        generator = np.random.default_rng(self.config.seed)
        return generator.permutation(images)[:count]

    @property
    def labelled_labels(self) -> np.ndarray:
        """Classes of the labelled images, int32 (n,)."""
        return self.training.pool.labels[self.training.labelled]

    def validation_images(self, resolution: int) -> np.ndarray:
        """All validation images, (n, resolution, resolution, channels) float32, normalised.

        Raises:
            UserError: if there are none; says why.
        """
        return self.normalised(self._validation().at(resolution))

    @property
    def validation_labels(self) -> np.ndarray:
        """Classes of the validation images, int32 (n,); otherwise like `validation_images`."""
        return self._validation().labels

    def _validation(self) -> ImageSet:
        if self.validation is None:
            raise UserError(f"there are no validation images: {self.no_validation}")
        return self.validation

    def test_images(self, resolution: int) -> np.ndarray:
        """All test images, (n, resolution, resolution, channels) float32, normalised."""
        return self.normalised(self.dataset.test.at(resolution))

    def normalised(self, images: Pixels) -> np.ndarray:
        """Returns pixels, uint8 (n, height, width, channels), as nets of the space take them."""
        return normalise(np.asarray(images), *self.space.normalisation(self.channels))


def load_experiment(
    settings: Settings,
    images: Images | None = None,
    *,
    trained: bool = False,
    image_memory_mib: int | None = None,
    show: Show = silent,
) -> Experiment:
    """Loads the images and divides them into parts.

    Args:
        settings: of the run.
        images: arrays to take instead of the data set that the settings name.
        trained: nothing is left to train: there is no need of a teacher.
        image_memory_mib: see `Workdir`.
        show: is told how many images are found and decoded, see `reading.Show`.

    Raises:
        UserError: if a name is unknown, or images or labels are too few.
    """
    space, pretrained = get_space(settings.search_space), None
    what = resolve_pretrained(settings.pretrained, space.name)
    if what != NONE:
        pretrained = load_pretrained(what, None, space)
        space = pretrained.space
    space = space.at_resolutions(settings.resolutions or (space.default_resolution,))
    # What was left open is written down, so that another version cannot mean another thing by it,
    # here and below.
    settings = dataclasses.replace(settings, pretrained=what, resolutions=space.resolutions)
    teacher = None if trained else _load_teacher(settings)
    earlier = load_split(settings.split) if settings.split else None
    dataset = load_dataset(
        settings.dataset if images is None else images,
        image_size=max(space.resolutions),
        smaller=sorted(space.resolutions, reverse=True)[1:],
        channels=settings.channels,
        data_dir=settings.data_dir,
        unlabelled=settings.unlabelled,
        test=settings.test,
        test_fraction=settings.test_fraction,
        group=settings.group,
        seed=settings.train.seed,
        earlier=earlier,
        reading=Reading(ImageMemory(_most_bytes(image_memory_mib)), show),
    )
    parts = divide(
        dataset,
        settings.labels_per_class,
        settings.validation,
        settings.train.seed,
        labelled_only=settings.labelled_only,
        earlier=earlier,
    )
    train = settle(
        settings.train,
        pretrained=pretrained is not None,
        labelled=len(parts.training.labelled),
    )
    settings = dataclasses.replace(settings, train=train)
    experiment = Experiment(
        settings=settings,
        space=space,
        dataset=dataset,
        training=parts.training,
        validation=parts.validation(),
        no_validation=parts.no_validation,
        split=parts.split(dataset),
        config=dataclasses.replace(train, flip=train.flip and dataset.flip),
        pretrained=pretrained,
        teacher=teacher,
    )
    if settings.foreign == GUARD:
        # It looks at images as an experiment prepares them.
        from tofa_tf.training.guard import guarded

        experiment, _ = guarded(experiment)
    return experiment


def _most_bytes(image_memory_mib: int | None) -> int:
    return memory_bytes() // 4 if image_memory_mib is None else image_memory_mib * 2**20


def _load_teacher(settings: Settings) -> Trunk | None:
    teacher = load_teacher(settings.teacher, max(settings.resolutions), settings.teacher_resolution)
    if teacher is not None and not settings.train.unlabelled_ratio:
        raise UserError(
            "unlabelled_ratio is 0: a teacher teaches by the unlabelled images of each step, and "
            "there are none; choose 1 or more, or teacher=none"
        )
    return teacher


def open_folder(
    experiment: Experiment,
    path: str | os.PathLike,
    *,
    overwrite: bool,
    extend: bool = False,
) -> Path:
    """Opens the run's folder, see `open_workdir`, and notes there which image is in which part.

    Args:
        experiment: of the run.
        path: of the folder.
        overwrite: delete another run there.
        extend: a run there that is the same but for fewer steps becomes this one.

    Raises:
        UserError: if the folder cannot be used, or the images are not those its run began with.
    """
    config = experiment.settings.to_json()
    shorter = shorter_run(Path(path), config) if extend else None
    folder = open_workdir(path, shorter or config, overwrite=overwrite)
    problem = _changed_images(folder, experiment.split)
    if problem and overwrite:
        delete_run(folder)
        open_workdir(path, config, overwrite=False)
        shorter = None
    elif problem:
        raise UserError(problem)
    if not (folder / SPLIT).exists():
        save_split(folder / SPLIT, experiment.split)
        if found := experiment.foreign:
            pool = experiment.training.pool
            write_foreign(folder, pool, found.looked_at, found.left_out)
    if shorter:
        extend_run(folder, config)
    write_text(folder / CONFIG_TOML, to_toml(config))
    return folder


def _changed_images(folder: Path, split: Split) -> str:
    """Says what is wrong if the run in a folder began with other images, or nobody can tell."""
    if not (folder / SPLIT).exists():
        begun = [name for name in (CHECKPOINT, WEIGHTS) if (folder / name).exists()]
        if not begun:
            return ""
        return (
            f"{folder} holds {begun[0]}, but no {SPLIT}: nobody can tell which images it was "
            "trained on and which were held out; put the file back, or begin a new run in another "
            "work directory"
        )
    changes = difference(load_split(folder / SPLIT), split)
    if not changes:
        return ""
    return (
        f"the images have changed since the run in {folder} began ({changes}): one run is of one "
        "set of images; undo the change, or begin a new run in another work directory, with "
        f"split={folder / SPLIT} there if it starts from weights of this one, so that no image "
        "they were trained on gets into the test"
    )
