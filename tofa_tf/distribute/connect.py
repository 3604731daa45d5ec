"""Connects this process with the others of a training."""

import contextlib
import functools
import os
import re
from collections.abc import Callable, Iterator

import tensorflow as tf

from tofa_tf.common.errors import UserError, first_line
from tofa_tf.common.interrupt import ended_by_signals
from tofa_tf.distribute.cluster import CONNECT_SECONDS, TF_CONFIG, Cluster, check_batch
from tofa_tf.distribute.deadline import ended_after
from tofa_tf.distribute.meeting import meet
from tofa_tf.distribute.replicas import ALONE, Replicas, Workers
from tofa_tf.distribute.share import Share

# What becomes of an exchange with a process that has ended or is cut off, whichever notices first.
_LOSSES = (
    tf.errors.UnavailableError,
    tf.errors.AbortedError,
    tf.errors.CancelledError,
    tf.errors.DeadlineExceededError,
)
# What TensorFlow says of a process that it cannot reach any more.
_TASK = re.compile(r"/job:worker/(?:replica:0/)?task:(\d+)")


@contextlib.contextmanager
def connected(
    cluster: Cluster | None,
    labelled_batch: int,
    seconds: float = CONNECT_SECONDS,
    lost: Callable[[], str] = str,
) -> Iterator[Replicas]:
    """Connects this process with those it trains with, before TensorFlow does anything else.

    Args:
        cluster: the processes; None: this one alone.
        labelled_batch: images that they share.
        seconds: how long to wait for the others.
        lost: see `meet`.

    Yields:
        The processes as this one sees them.

    Raises:
        UserError: if they cannot share the batch, one does not come, they cannot be connected, or
            one is lost meanwhile; says which.
    """
    if cluster is None or len(cluster.addresses) == 1:
        yield ALONE
        return
    check_batch(labelled_batch, len(cluster.addresses))
    replicas = _connect(cluster, seconds, lost)
    try:
        yield replicas
    except _LOSSES as error:
        raise UserError(
            f"{_lost(str(error), cluster)} is lost: the same command, started again on all "
            "machines, continues from the last checkpoint"
        ) from error


@functools.cache
def _connect(cluster: Cluster, seconds: float, lost: Callable[[], str]) -> Replicas:
    index, count = cluster.index, len(cluster.addresses)
    meet(cluster, seconds, lost)
    gpus = tf.config.list_physical_devices("GPU")
    os.environ[TF_CONFIG] = cluster.to_tf_config()
    try:
        if gpus:
            tf.config.set_visible_devices(gpus[0], "GPU")
        # One that is lost just now makes it wait for ever, in code that answers to nothing else.
        with ended_by_signals(), ended_after(seconds, _late(cluster, seconds)):
            # For the servers and the watch over them that it starts; its scope is never entered.
            tf.distribute.MultiWorkerMirroredStrategy()
    except RuntimeError as error:
        raise UserError(
            "this process has used TensorFlow already: connect it with the others before all else"
        ) from error
    except tf.errors.OpError as error:
        raise UserError(
            f"cannot listen at {cluster.addresses[index]} ({first_line(error)}): end what else "
            f"listens there, or choose another port in {TF_CONFIG}"
        ) from error
    return Workers(Share(index, count), "GPU:0" if gpus else "CPU:0")


def _late(cluster: Cluster, seconds: float) -> str:
    others = [f"{i} ({at})" for i, at in enumerate(cluster.addresses) if i != cluster.index]
    return (
        f"error: not connected {seconds:g} s (connect_seconds) after all workers had come: worker "
        f"{' or '.join(others)} was lost meanwhile; start the same command again on all machines"
    )


def _lost(message: str, cluster: Cluster) -> str:
    """Names the process that TensorFlow's message is about."""
    tasks = [int(task) for task in _TASK.findall(message)]
    others = [task for task in tasks if task != cluster.index and task < len(cluster.addresses)]
    if len(cluster.addresses) == 2:
        others = [1 - cluster.index]
    return f"worker {others[0]} ({cluster.addresses[others[0]]})" if others else "a worker"
