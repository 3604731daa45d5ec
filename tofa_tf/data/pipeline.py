"""The stream of training batches: a pure function of seed and step.

Which images a step sees and how they are augmented depends on nothing but the seed and the number
of the step. Training resumed at step k therefore continues with exactly the images of an
uninterrupted run, and parallel work changes nothing.

Every resolution of the run has images of its own, each made of the original in one step, as a board
makes them. They are augmented alike, so that the largest net teaches the others by what they see.
"""

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from tofa_tf.data import augment
from tofa_tf.data.records import UNKNOWN, TrainingImages
from tofa_tf.data.stored_images import Pixels, StoredImages
from tofa_tf.distribute.share import WHOLE, Share

# Streams of random numbers that must not be related to each other.
_LABELLED_ORDER, _UNLABELLED_ORDER, _LABELLED_VIEW, _WEAK_VIEW, _STRONG_VIEW = range(5)


class Views(NamedTuple):
    """The images of a step at one resolution; see `Batch`."""

    images: tf.Tensor
    weak: tf.Tensor
    strong: tf.Tensor


class Batch(NamedTuple):
    """What one training step sees.

    Attributes:
        images: weakly augmented labelled images, uint8 (labelled_batch, size, size, channels).
        labels: their classes, int32 (labelled_batch,).
        weak: weakly augmented unlabelled images, uint8 (unlabelled_batch, size, size, channels).
        strong: the same images strongly augmented, uint8 (unlabelled_batch, size, size, channels).
        true_labels: classes of the unlabelled images, int32 (unlabelled_batch,), -1 where not
            known or where the image is a labelled one; to measure pseudo-labels with, never to
            train on.
        soft_labels: what a teacher says of the unlabelled images, float32 (unlabelled_batch,
            classes); None without a teacher.
        smaller: the same images, augmented alike, at the run's other resolutions.
    """

    images: tf.Tensor
    labels: tf.Tensor
    weak: tf.Tensor
    strong: tf.Tensor
    true_labels: tf.Tensor
    soft_labels: tf.Tensor | None = None
    smaller: tuple[Views, ...] = ()

    @property
    def views(self) -> tuple[Views, ...]:
        """The images at every resolution, the largest first."""
        return (Views(self.images, self.weak, self.strong), *self.smaller)


def train_batches(
    data: TrainingImages,
    *,
    labelled_batch: int,
    unlabelled_ratio: int,
    seed: int,
    total_steps: int,
    start_step: int = 0,
    flip: bool = True,
    resolutions: Sequence[int] = (),
    share: Share = WHOLE,
) -> tf.data.Dataset:
    """Streams the batches of the steps from `start_step` to `total_steps` - 1.

    Labelled and unlabelled images are each shuffled anew in every epoch of their own. Labelled
    images are usually among the unlabelled ones as well (as in FixMatch: only as unlabelled images
    do they ever see strong augmentation).

    Classes are as frequent in the labelled batches as among the labelled images, not balanced: the
    head then learns the proportions of the data, in which test images are counted too, and rules
    that align pseudo-labels with the labelled predictions (AdaMatch) align to the right ones. A
    rare class is still seen once an epoch.

    Args:
        data: what is learnt from; the stream keeps one copy of a pool that is in memory.
        labelled_batch: labelled images a step.
        unlabelled_ratio: unlabelled images a step for each labelled one, `mu` in FixMatch; with 0
            the unlabelled part of each batch is empty.
        seed: of order and augmentation.
        total_steps: of the whole training, not of this part.
        start_step: first step to deliver.
        flip: whether mirrored images keep their meaning.
        resolutions: of the nets that are trained; by default all that the images are kept at.
        share: of every batch to deliver: the labelled and the unlabelled images of this part.

    Returns:
        A dataset of `Batch`, one a step.

    Raises:
        ValueError: if the images are not kept at these resolutions.
    """
    wanted = sorted(resolutions, reverse=True)
    pixels = [data.pool.at(size) for size in wanted] if wanted else data.pool.sizes
    known = _order(data.labelled, labelled_batch, start_step, _key(seed, _LABELLED_ORDER))
    unlabelled_batch = unlabelled_ratio * labelled_batch
    drawn = _order(data.unlabelled, unlabelled_batch, start_step, _key(seed, _UNLABELLED_ORDER))
    steps = tf.data.Dataset.range(start_step, total_steps)
    # On the CPU also where there is a GPU: only batches travel.
    with tf.device("CPU"):
        sizes = [_reader(images) for images in pixels]
        labels = tf.constant(data.pool.labels, tf.int32)
        truth = data.pool.labels.copy()
        truth[data.labelled] = UNKNOWN
        truth = tf.constant(truth, tf.int32)
        soft = None if data.soft_labels is None else tf.constant(data.soft_labels)

    how: dict[str, Any] = {"flip": flip, "share": share}

    # Nothing here is Python that depends on a tensor: AutoGraph would read all that is called, for
    # seconds, and change nothing.
    @tf.autograph.experimental.do_not_convert
    def make_batch(step: tf.Tensor, known: tf.Tensor, drawn: tf.Tensor) -> Batch:
        known, drawn = share.cut(known), share.cut(drawn)

        def view(read: Callable[[tf.Tensor], tf.Tensor]) -> Views:
            labelled, unlabelled = read(known), read(drawn)
            images = augment.weak(labelled, [_key(seed, _LABELLED_VIEW), step], **how)
            if not unlabelled_batch:
                # Preparing strong augmentation takes seconds, also for no image at all.
                return Views(images, weak=unlabelled, strong=unlabelled)
            return Views(
                images,
                weak=augment.weak(unlabelled, [_key(seed, _WEAK_VIEW), step], **how),
                strong=augment.strong(unlabelled, [_key(seed, _STRONG_VIEW), step], **how),
            )

        largest, *smaller = (view(read) for read in sizes)
        return Batch(
            images=largest.images,
            labels=tf.gather(labels, known),
            weak=largest.weak,
            strong=largest.strong,
            true_labels=tf.gather(truth, drawn),
            soft_labels=None if soft is None else tf.cast(tf.gather(soft, drawn), tf.float32),
            smaller=tuple(smaller),
        )

    batches = tf.data.Dataset.zip(steps, known, drawn).map(
        make_batch, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True
    )
    return batches.prefetch(tf.data.AUTOTUNE)


def _reader(images: Pixels) -> Callable[[tf.Tensor], tf.Tensor]:
    """Returns a function of the graph from positions to images; those on disk are read there."""
    if not isinstance(images, StoredImages):
        return functools.partial(tf.gather, tf.constant(images))

    def read(positions: tf.Tensor) -> tf.Tensor:
        rows = tf.numpy_function(images.__getitem__, [positions], tf.uint8, stateful=False)
        return tf.ensure_shape(rows, [positions.shape[0], *images.shape[1:]])

    return read


def _order(items: np.ndarray, count: int, start_step: int, key: int) -> tf.data.Dataset:
    """Streams `count` items a step, from all items shuffled anew in every epoch.

    An epoch may end within a step, and a step may span several epochs.

    Args:
        items: integer array (n,).
        count: items a step.
        start_step: first step to deliver.
        key: of the shuffling.

    Returns:
        An endless dataset of int64 (count,).
    """
    ordered = tf.constant(items, tf.int64)
    if not count:
        return tf.data.Dataset.from_tensors(ordered[:0]).repeat()
    first_epoch, done = divmod(start_step * count, len(items))

    @tf.autograph.experimental.do_not_convert
    def shuffle(epoch: tf.Tensor) -> tf.Tensor:
        shuffled = tf.random.experimental.stateless_shuffle(ordered, [key, epoch])
        return shuffled[tf.where(epoch == first_epoch, done, 0) :]

    epochs = tf.data.Dataset.range(first_epoch, tf.int64.max)
    return epochs.map(shuffle).rebatch(count, drop_remainder=True)


def _key(seed: int, stream: int) -> int:
    """Returns a number of 31 bits that belongs to a seed and a stream alone."""
    return int(np.random.SeedSequence([seed, stream]).generate_state(1)[0] >> 1)
