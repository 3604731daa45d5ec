"""Which part of a step's batch a process works on."""

import dataclasses
from typing import Any

import tensorflow as tf


@dataclasses.dataclass(frozen=True)
class Share:
    """One of several equal parts of a batch, consecutive images of it; by default all of it.

    Attributes:
        index: which part, from 0.
        count: how many there are.
    """

    index: int = 0
    count: int = 1

    def whole(self, rows: tf.Tensor) -> tf.Tensor:
        """Returns the rows of the whole batch, of which the part has `rows`."""
        return rows if self.count == 1 else rows * self.count

    def cut(self, batch: tf.Tensor) -> tf.Tensor:
        """Returns the part's rows of a whole batch, whose length the graph knows."""
        if self.count == 1:
            return batch
        rows = batch.shape[0] // self.count
        return batch[self.index * rows : (self.index + 1) * rows]

    def uniform(
        self, shape: list[Any], seed: tf.Tensor, *arguments: Any, **options: Any
    ) -> tf.Tensor:
        """Draws random numbers for the part's images as they are drawn for the whole batch.

        Args:
            shape: of the result; its first dimension is that of the part.
            seed: of the whole batch.
            *arguments: as of `tf.random.stateless_uniform`.
            **options: the same.
        """
        if self.count == 1:
            return tf.random.stateless_uniform(shape, seed, *arguments, **options)
        rows, *others = shape
        shape = [self.whole(rows), *others]
        drawn = tf.random.stateless_uniform(shape, seed, *arguments, **options)
        return drawn[self.index * rows : (self.index + 1) * rows]

    def before(self, position: tf.Tensor, rows: tf.Tensor) -> tf.Tensor:
        """How many of the part's rows lie before a position of the whole batch.

        Args:
            position: in the whole batch.
            rows: of the part.
        """
        if self.count == 1:
            return position
        return tf.clip_by_value(position - self.index * rows, 0, rows)


WHOLE = Share()
