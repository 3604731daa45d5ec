"""Starts or finds the processes of a training, by its strategy."""

import contextlib
import functools
import os
import pickle
import subprocess
import sys
from collections.abc import Iterator, Sequence

import tensorflow as tf
from absl import logging

from tofa_tf.data.arrays import Images
from tofa_tf.distribute.cluster import Cluster, check_batch, read_cluster
from tofa_tf.distribute.connect import connected
from tofa_tf.distribute.local import local_clusters
from tofa_tf.distribute.replicas import ALONE, Replicas
from tofa_tf.training.settings import MIRRORED, MULTIWORKER, Settings, Workdir

_VISIBLE = "CUDA_VISIBLE_DEVICES"
# A helper that has taken the last step has nothing left to do but to end.
_LAST_SECONDS = 60.0


@contextlib.contextmanager
def together(
    place: Workdir, settings: Settings, images: Images | None = None
) -> Iterator[Replicas]:
    """Connects this process with those it trains with, before TensorFlow does anything else.

    Args:
        place: with the strategy, how long it waits, and how much of the images may be in memory.
        settings: of the training.
        images: arrays that it trains on, if they are no data set by name.

    Yields:
        The processes as this one sees them.

    Raises:
        UserError: as `read_cluster` and `connected`.
    """
    if place.strategy == MIRRORED:
        count = len(tf.config.list_physical_devices("GPU"))
        if count < 2:
            logging.info("mirrored is none here: there is not more than one GPU")
            yield ALONE
            return
        with with_helpers(count, settings, images, place.image_memory_mib) as replicas:
            yield replicas
    else:
        cluster = read_cluster() if place.strategy == MULTIWORKER else None
        with connected(cluster, settings.train.labelled_batch, place.connect_seconds) as replicas:
            yield replicas


@contextlib.contextmanager
def with_helpers(
    count: int, settings: Settings, images: Images | None, image_memory_mib: int | None = None
) -> Iterator[Replicas]:
    """Starts processes on this machine that help to train, one a GPU, and connects with them.

    Args:
        count: of all processes, with this one.
        settings, images: as of `together`.
        image_memory_mib: see `Workdir`.
    """
    check_batch(settings.train.labelled_batch, count)
    own, *others = local_clusters(count)
    helpers = [_start(cluster, (cluster, settings, images, image_memory_mib)) for cluster in others]
    try:
        lost = functools.partial(_ended, helpers)
        with connected(own, settings.train.labelled_batch, lost=lost) as replicas:
            yield replicas
        for helper in helpers:
            helper.wait(_LAST_SECONDS)
    finally:
        for helper in helpers:
            helper.kill()
            helper.wait()


def _ended(helpers: Sequence[subprocess.Popen]) -> str:
    """Says which process has ended before it was connected."""
    for number, helper in enumerate(helpers, 1):
        if helper.poll() is not None:
            return (
                f"process {number} of {len(helpers)} that help on this machine ended with exit "
                f"code {helper.returncode} before training began; what it wrote above says why"
            )
    return ""


def _start(cluster: Cluster, told: tuple) -> subprocess.Popen:
    visible = os.environ.get(_VISIBLE)
    names = visible.split(",") if visible else [str(i) for i in range(len(cluster.addresses))]
    # Arguments by a pipe: arrays fit on no command line. Ctrl-C is the chief's alone.
    helper = subprocess.Popen(
        [sys.executable, "-m", "tofa_tf.training.helper"],
        env={**os.environ, _VISIBLE: names[cluster.index]},
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    assert helper.stdin is not None
    with helper.stdin:
        pickle.dump(told, helper.stdin)
    return helper
