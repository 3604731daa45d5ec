"""Replicas that are threads of one process: what they compute is real, only their talk is not."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import tensorflow as tf

from tofa_tf.distribute.replicas import Workers
from tofa_tf.distribute.share import Share


class _Thread(Workers):
    """Exchanges by shared memory what other workers exchange by collective ops; eagerly."""

    def __init__(self, share: Share, barrier: threading.Barrier, said: list):
        super().__init__(share, "CPU:0")
        self._barrier, self._said = barrier, said

    def gather(self, value: tf.Tensor) -> tf.Tensor:
        self._said[self.share.index] = value
        self._barrier.wait()
        all_said = tf.stack(self._said)
        self._barrier.wait()
        return all_said

    def sum(self, value: tf.Tensor) -> tf.Tensor:
        return tf.reduce_sum(self.gather(value), axis=0)


def in_threads(count: int, function: Callable[[Workers], dict]) -> list[dict]:
    """Returns what a function of the replicas comes to in each of so many."""
    barrier, said = threading.Barrier(count, timeout=60.0), [None] * count
    replicas = [_Thread(Share(index, count), barrier, said) for index in range(count)]
    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(function, replicas))
