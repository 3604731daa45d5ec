"""From what a user asked for to everything a training needs: space, images, labels, folder."""

import dataclasses
import os
from pathlib import Path
from typing import Any

import numpy as np

from tofa_tf.common.workdir import open_workdir
from tofa_tf.data.labels import LabelsPerClass, parse_labels_per_class
from tofa_tf.data.normalize import normalize
from tofa_tf.data.records import Dataset, ImageSet
from tofa_tf.data.resize import resize_all
from tofa_tf.data.sources import load_dataset
from tofa_tf.data.splits import Split, draw_split, load_split, save_split
from tofa_tf.nets.supernet import Supernet
from tofa_tf.pretrained.load import load_pretrained
from tofa_tf.space.presets import get_space
from tofa_tf.space.search_space import SearchSpace
from tofa_tf.training.trainer import TrainConfig

_SPLIT = "split.json"
_CALIBRATION_IMAGES = 512


@dataclasses.dataclass(frozen=True)
class Settings:
    """What the user asked for; two runs of equal settings compute the same.

    Attributes:
        dataset: name or path, see `load_dataset`.
        labels_per_class: labelled images of each class: "all", how many, or a share below 1, see
            `parse_labels_per_class`; all others serve as unlabelled ones.
        search_space: a name of `spaces.SPACES`.
        resolutions: image sizes in pixels; empty for the smallest of the space.
        data_dir, unlabelled, test, test_fraction: see `load_dataset`.
        labelled_only: the baseline: equal loss, augmentation and steps, but the labelled images
            are the only images there are.
        pretrained: where the weights come from, see `load_pretrained`; None: training from scratch.
        train: the training itself.
    """

    dataset: str
    labels_per_class: LabelsPerClass
    search_space: str = "mcu"
    resolutions: tuple[int, ...] = ()
    data_dir: str | None = None
    unlabelled: str | None = None
    test: str | None = None
    test_fraction: float = 0.2
    labelled_only: bool = False
    pretrained: str | None = None
    train: TrainConfig = TrainConfig()

    def __post_init__(self):
        labels = parse_labels_per_class(self.labels_per_class)
        object.__setattr__(self, "labels_per_class", labels)

    def to_json(self) -> dict[str, Any]:
        """Returns the settings as plain JSON data."""
        data = dataclasses.asdict(self)
        return {**data, "resolutions": list(self.resolutions)}


@dataclasses.dataclass(frozen=True)
class Experiment:
    """Settings made concrete.

    Attributes:
        space: with the resolutions of this run.
        split: which training images are labelled.
        pool: the images trained on.
        labelled: positions in `pool` of those whose labels may be used.
        config: of the training.
        pretrained: supernet to start from, or None.
    """

    settings: Settings
    space: SearchSpace
    dataset: Dataset
    split: Split
    pool: ImageSet
    labelled: np.ndarray
    config: TrainConfig
    pretrained: Supernet | None

    @property
    def num_classes(self) -> int:
        return len(self.dataset.class_names)

    def calibration_images(self, resolution: int) -> np.ndarray:
        """Some training images, (n, resolution, resolution, 3) float32, normalised."""
        return self.training_images(resolution, _CALIBRATION_IMAGES)

    def training_images(self, resolution: int, count: int) -> np.ndarray:
        """At most `count` training images, (n, resolution, resolution, 3) float32, normalised."""
        generator = np.random.default_rng(self.config.seed)
        count = min(count, len(self.pool))
        chosen = generator.choice(len(self.pool), count, replace=False)
        return self._prepared(self.pool.images[chosen], resolution)

    def test_images(self, resolution: int) -> np.ndarray:
        """All test images, (n, resolution, resolution, 3) float32, normalised."""
        return self._prepared(self.dataset.test.images, resolution)

    def _prepared(self, images: np.ndarray, resolution: int) -> np.ndarray:
        resized = resize_all(images, resolution)
        return normalize(resized, self.space.pixel_mean, self.space.pixel_std)


def load_experiment(settings: Settings) -> Experiment:
    """Loads the images and draws the labelled ones.

    Raises:
        UserError: if a name is unknown, or images or labels are too few.
    """
    space, pretrained = get_space(settings.search_space), None
    if settings.pretrained:
        pretrained = load_pretrained(settings.pretrained, None, space)
        space = pretrained.space
    space = space.at_resolutions(settings.resolutions or (min(space.resolutions),))
    dataset = load_dataset(
        settings.dataset,
        image_size=max(space.resolutions),
        data_dir=settings.data_dir,
        unlabelled=settings.unlabelled,
        test=settings.test,
        test_fraction=settings.test_fraction,
        seed=settings.train.seed,
    )
    split = draw_split(
        dataset.train, settings.labels_per_class, dataset.class_names, settings.train.seed
    )
    pool, labelled = dataset.pool(), np.array(split.indices)
    if settings.labelled_only:
        pool, labelled = dataset.train.take(labelled), np.arange(len(labelled))
    config = dataclasses.replace(settings.train, flip=settings.train.flip and dataset.flip)
    return Experiment(settings, space, dataset, split, pool, labelled, config, pretrained)


def open_folder(experiment: Experiment, path: str | os.PathLike, *, overwrite: bool) -> Path:
    """Opens the run's folder, see `open_workdir`, and notes there which images are labelled."""
    dataset = experiment.dataset
    folder = open_workdir(path, experiment.settings.to_json(), overwrite=overwrite)
    split_file = folder / _SPLIT
    if split_file.exists():
        # Images that changed since the run began would make it another run.
        load_split(split_file, dataset.train, dataset.class_names)
        return folder
    save_split(split_file, experiment.split)
    return folder
