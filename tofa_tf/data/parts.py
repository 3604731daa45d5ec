"""Divides what is not test: images to train on, with or without labels, and a validation part."""

from dataclasses import dataclass

import numpy as np
from absl import logging

from tofa_tf.data.labels import LabelsPerClass, draw_labels
from tofa_tf.data.records import UNKNOWN, Dataset, ImageSet, TrainingImages
from tofa_tf.data.splits import Split, make_split
from tofa_tf.data.validation import draw_validation


@dataclass(frozen=True)
class Parts:
    """Which images a run learns from and which its choices are made on.

    Attributes:
        training: what is learnt from.
        validated: integer array, positions in the pool of the validation images.
        no_validation: why there are none, or "".
        set_aside: integer array, positions in the pool of images that are in neither part, since
            they would show the one what is in the other.
    """

    training: TrainingImages
    validated: np.ndarray
    no_validation: str
    set_aside: np.ndarray

    def validation(self) -> ImageSet | None:
        """Returns labelled images that are not learnt from, neither with nor without labels."""
        return self.training.pool.take(self.validated) if len(self.validated) else None

    def split(self, dataset: Dataset) -> Split:
        """Records the division; all else that is not kept from training counts as unlabelled."""
        pool, labelled = self.training.pool, self.training.labelled
        named = np.concatenate([labelled, self.validated, self.set_aside])
        parts = {
            "labelled": labelled,
            "unlabelled": np.setdiff1d(np.arange(len(pool)), named),
            "validation": self.validated,
            "set_aside": self.set_aside,
        }
        return make_split(
            dataset.class_names,
            {part: (pool, positions) for part, positions in parts.items()}
            | {"test": (dataset.test, np.arange(len(dataset.test)))},
        )


def divide(
    dataset: Dataset,
    labels_per_class: LabelsPerClass,
    validation: float | None,
    seed: int,
    *,
    labelled_only: bool = False,
    earlier: Split | None = None,
) -> Parts:
    """Draws the labelled images, and of these the validation part.

    Validation images are kept out of training without their labels, too: the part must stand for
    the test images, which the net has never seen either. A choice made on it, such as of a
    pseudo-label rule, would otherwise favour what has learnt these very images by heart. That
    costs no more than the share of the labelled images, and lets groups mean something: what else
    shows the same as a validation or test image is set aside. Between images trained on with and
    without their label a group makes no difference.

    Args:
        dataset: see `load_dataset`.
        labels_per_class: see `draw_labels`.
        validation: share of the labelled images, see `draw_validation`.
        seed: of both draws.
        labelled_only: learn from the labelled images alone, without labels too.
        earlier: split of a run before: what it has trained on never becomes a validation image,
            nor the other way about, and what was labelled is drawn first.
    """
    train, pool = dataset.train, dataset.pool()
    before = _Before(train, earlier)
    drawn = draw_labels(
        np.where(before.judged & ~before.validated, UNKNOWN, train.labels),
        labels_per_class,
        dataset.class_names,
        seed,
        rank=np.select([before.labelled, before.validated], [0, 1], 2),
    )
    held, reason = draw_validation(
        train.labels[drawn],
        validation,
        dataset.class_names,
        seed,
        groups=None if train.groups is None else train.groups[drawn],
        validated_before=before.validated[drawn],
        trained_before=before.trained[drawn],
    )
    validated = drawn[held]
    away = pool.shows_the_same(pool.take(validated)) | pool.shows_the_same(dataset.test)
    away[: len(train)] |= before.judged
    away[validated] = True
    labelled, used = drawn[~away[drawn]], np.flatnonzero(~away)
    parts = Parts(
        TrainingImages(pool, labelled, labelled if labelled_only else used),
        validated,
        reason,
        np.setdiff1d(np.flatnonzero(away), validated),
    )
    _log(parts)
    return parts


class _Before:
    """Where an earlier run had the training images: bool arrays (n,)."""

    def __init__(self, train: ImageSet, earlier: Split | None):
        def had(*parts: str) -> np.ndarray:
            return train.among(set().union(*(earlier.parts[p] for p in parts)) if earlier else ())

        self.labelled = had("labelled")
        self.trained = had("labelled", "unlabelled")
        self.validated = had("validation")
        self.judged = had("validation", "test", "set_aside")


def _log(parts: Parts) -> None:
    training = parts.training
    logging.info(
        "training on %d labelled images and on %d without labels",
        len(training.labelled),
        training.without_labels,
    )
    if parts.no_validation:
        logging.info("no validation part: %s", parts.no_validation)
    else:
        logging.info("validation part: %d labelled images", len(parts.validated))
    if len(parts.set_aside):
        logging.info(
            "%d images set aside: an image like them is for validation or test",
            len(parts.set_aside),
        )
