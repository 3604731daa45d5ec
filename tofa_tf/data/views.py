"""Random resized crops of whole batches, and the batches of a training: functions of seed and step.

Crops are resampled by the rule of `data/resize.py`, which a board has to follow too: a random crop
of an image is as sharp as the image itself when it is shrunk for a test.
"""

import math
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from tofa_tf.data.records import ImageSet

# Streams of random numbers that must not be related to each other.
_ORDER, _CROPS = range(2)


class Batch(NamedTuple):
    """Images of one step, uint8 of full size; their classes, int32; the seed of their crops."""

    images: np.ndarray
    labels: np.ndarray
    seed: np.ndarray


class Batches:
    """Which images a step sees: all of them once in every epoch, shuffled anew.

    Args:
        images: to train on.
        batch: images a step; one that an epoch's end cuts goes on in the next epoch.
        seed: of the order and the crops.
    """

    def __init__(self, images: ImageSet, batch: int, seed: int):
        self._images = images
        self._batch = batch
        self._seed = seed
        self._orders: dict[int, np.ndarray] = {}

    def at(self, step: int) -> Batch:
        """Returns the batch of a step, from 0."""
        first = step * self._batch
        epochs, positions = np.divmod(np.arange(first, first + self._batch), len(self._images))
        self._orders = {epoch: self._order(epoch) for epoch in sorted(set(epochs.tolist()))}
        indices = np.array(
            [
                self._orders[epoch][position]
                for epoch, position in zip(epochs.tolist(), positions.tolist(), strict=True)
            ]
        )
        seed = np.random.SeedSequence([self._seed, _CROPS, step]).generate_state(2) >> 1
        return Batch(
            self._images.images[indices], self._images.labels[indices], seed.astype(np.int32)
        )

    def _order(self, epoch: int) -> np.ndarray:
        if epoch in self._orders:
            return self._orders[epoch]
        generator = np.random.default_rng([self._seed, _ORDER, epoch])
        return generator.permutation(len(self._images))


def random_resized_crops(
    images: tf.Tensor,
    seed: tf.Tensor,
    size: int | tf.Tensor,
    area: tuple[float, float],
    ratio: tuple[float, float],
) -> tf.Tensor:
    """Cuts a random rectangle out of each image, resizes it, and mirrors half of them.

    Args:
        images: uint8 (batch, side, side, 3).
        seed: integers (2,).
        size: side of the result in pixels.
        area: smallest and largest share of the image that is kept, drawn uniformly.
        ratio: smallest and largest width / height, drawn log-uniformly; a rectangle that would
            not fit into the image is cut to its side.

    Returns:
        float32 (batch, size, size, 3), pixels of 0..255.
    """
    batch, side = tf.shape(images)[0], images.shape[1]
    draws = tf.random.stateless_uniform([5, batch], seed)
    kept = area[0] + (area[1] - area[0]) * draws[0]
    low, high = math.log(ratio[0]), math.log(ratio[1])
    root_ratio = tf.exp(0.5 * (low + (high - low) * draws[1]))
    widths = side * tf.minimum(1.0, tf.sqrt(kept) * root_ratio)
    heights = side * tf.minimum(1.0, tf.sqrt(kept) / root_ratio)
    columns = resampling((side - widths) * draws[2], widths, side, size)
    rows = resampling((side - heights) * draws[3], heights, side, size)
    mirrored = (draws[4] < 0.5)[:, tf.newaxis, tf.newaxis]
    columns = tf.where(mirrored, tf.reverse(columns, [1]), columns)
    return _resample(tf.cast(images, tf.float32), rows, columns)


def resampling(
    start: tf.Tensor, length: tf.Tensor, in_size: int, out_size: int | tf.Tensor
) -> tf.Tensor:
    """Weights of every input pixel for every output pixel, along one side.

    Args:
        start: (batch,), where the part that is resampled begins, in input pixels.
        length: (batch,), of that part.
        in_size: pixels of the whole side.
        out_size: pixels of the result.

    Returns:
        (batch, out_size, in_size); every row sums to 1. Around the output pixel's place the weight
        falls linearly to 0 over as many input pixels as make one output pixel, at least over one.
    """
    out_places = tf.range(tf.cast(out_size, tf.float32)) + 0.5
    scale = (length / tf.cast(out_size, tf.float32))[:, tf.newaxis]
    centres = start[:, tf.newaxis] + out_places * scale
    places = tf.range(in_size, dtype=tf.float32) + 0.5
    distance = tf.abs(places - centres[..., tf.newaxis]) / tf.maximum(1.0, scale)[..., tf.newaxis]
    weights = tf.nn.relu(1.0 - distance)
    return weights / tf.reduce_sum(weights, axis=-1, keepdims=True)


def _resample(images: tf.Tensor, rows: tf.Tensor, columns: tf.Tensor) -> tf.Tensor:
    batch, side, out = tf.shape(images)[0], images.shape[1], tf.shape(rows)[1]
    x = tf.matmul(rows, tf.reshape(images, (batch, side, side * 3)))
    x = tf.transpose(tf.reshape(x, (batch, out, side, 3)), (0, 2, 1, 3))
    x = tf.matmul(columns, tf.reshape(x, (batch, side, out * 3)))
    return tf.transpose(tf.reshape(x, (batch, out, out, 3)), (0, 2, 1, 3))
