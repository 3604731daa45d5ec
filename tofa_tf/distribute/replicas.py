"""The processes that train one supernet together, and what they tell each other.

Each process holds all weights and works on its share of every batch. Statistics and gradients are
those of the whole batch, so that all processes take the very same step. TensorFlow's collective
ops do the talking; `tf.distribute`'s own replica contexts cannot, for they exchange nothing within
a conditional, and a supernet's blocks are conditionals.
"""

import itertools
from collections.abc import Iterator, Sequence

import tensorflow as tf

from tofa_tf.distribute.share import Share

# All processes form one group; its number only has to be the same everywhere.
_GROUP = 1


class Replicas:
    """The processes of a training as one of them sees them; here this one, alone.

    Every method is called by all processes, in the same order.

    Attributes:
        share: of every batch that is this process's.
    """

    share = Share()

    @property
    def count(self) -> int:
        """How many processes there are."""
        return self.share.count

    @property
    def is_chief(self) -> bool:
        """Whether this process is the one that writes files."""
        return self.share.index == 0

    def gather(self, value: tf.Tensor) -> tf.Tensor:
        """Returns what all processes have, (count, ...) in their order; passes no gradient."""
        return value[tf.newaxis]

    def sum(self, value: tf.Tensor) -> tf.Tensor:
        """Adds up what all processes have; passes no gradient."""
        return value

    def mean(self, value: tf.Tensor) -> tf.Tensor:
        """Returns the mean of what all processes have; passes no gradient."""
        return value

    def means(self, values: Sequence[tf.Tensor]) -> list[tf.Tensor]:
        """Returns the mean of each of several float32 values, however large, in one exchange."""
        return list(values)

    def from_chief(self, value: tf.Tensor) -> tf.Tensor:
        """Returns what the chief has; others give a value of the same type and shape."""
        return value

    def any(self, flag: bool) -> bool:
        """Whether it is so in any of the processes."""
        return flag


ALONE = Replicas()


class Workers(Replicas):
    """Several processes, connected by `connect`.

    Args:
        share: of this process.
        device: where its tensors are exchanged.
    """

    def __init__(self, share: Share, device: str):
        self.share = share
        self._device = device
        # Every op has a number of its own, the same in all processes, for they trace the same
        # graphs in the same order.
        self._numbers: Iterator[int] = itertools.count(1)
        self._traced_sum = tf.function(self.sum, autograph=False)

    def gather(self, value: tf.Tensor) -> tf.Tensor:
        """See `Replicas`. Half the way of a sum, where there is little to pass around."""
        with tf.device(self._device):
            gathered = tf.raw_ops.CollectiveGatherV2(
                input=value[tf.newaxis],
                group_size=self.count,
                group_key=_GROUP,
                instance_key=next(self._numbers),
                ordering_token=[],
            )
        return tf.ensure_shape(gathered, tf.TensorShape([self.count]).concatenate(value.shape))

    def sum(self, value: tf.Tensor) -> tf.Tensor:
        """See `Replicas`. The same in all processes to the bit."""
        with tf.device(self._device):
            return tf.raw_ops.CollectiveReduceV2(
                input=value,
                group_size=self.count,
                group_key=_GROUP,
                instance_key=next(self._numbers),
                ordering_token=[],
                merge_op="Add",
                final_op="Id",
            )

    def mean(self, value: tf.Tensor) -> tf.Tensor:
        """See `Replicas`. By `gather`: for small values."""
        return tf.reduce_mean(self.gather(value), axis=0)

    def means(self, values: Sequence[tf.Tensor]) -> list[tf.Tensor]:
        """See `Replicas`. By `sum`: for large values."""
        flat = tf.concat([tf.reshape(value, [-1]) for value in values], axis=0)
        parts = tf.split(self.sum(flat) / self.count, [tf.size(value) for value in values])
        return [
            tf.ensure_shape(tf.reshape(part, tf.shape(value)), value.shape)
            for part, value in zip(parts, values, strict=True)
        ]

    def from_chief(self, value: tf.Tensor) -> tf.Tensor:
        """See `Replicas`. Others add zeros."""
        return self.sum(value if self.is_chief else tf.zeros_like(value))

    def any(self, flag: bool) -> bool:
        """See `Replicas`. One number of each."""
        return bool(self._traced_sum(tf.constant(float(flag))) > 0.0)
