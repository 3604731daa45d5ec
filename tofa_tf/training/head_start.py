"""The classifier a training starts from: fitted to pre-trained features instead of random.

A random one sends noise through the trunk until it fits, and ruins what pre-training gave (linear
probing, then fine-tuning: arXiv 2202.10054).
"""

from collections.abc import Callable, Sequence

import keras
import numpy as np
from absl import logging

from tofa_tf.data.stored_images import Pixels, chosen
from tofa_tf.nets.deployable import deployable
from tofa_tf.nets.supernet import Supernet
from tofa_tf.select.ridge import LinearHead, fit_ridge
from tofa_tf.select.self_training import fit_soft, self_trained
from tofa_tf.training.experiment import Experiment
from tofa_tf.training.sampling import spread_archs

# Nets from the smallest to the largest whose features the one classifier has to fit.
_NETS = 4
_BATCH = 100
# Images without labels that the classifier learns from at most: more take time and bring little.
UNLABELLED = 8192


def start_head(
    supernet: Supernet, experiment: Experiment, soft_labels: np.ndarray | None = None
) -> None:
    """Sets the classifier that all subnets share to a ridge regression on images as they see them.

    Rows of the regression are images as several subnets see them, plain and, where that keeps its
    meaning, mirrored. A narrower net has no value for the last features. It is fitted to the
    labelled images, then learns from what the largest net, or a teacher, thinks of others.

    Args:
        supernet: pre-trained; its classifier is replaced.
        experiment: with the images.
        soft_labels: what a teacher says of the images of the pool, (pool, classes).
    """
    config, labels = experiment.config, experiment.labelled_labels
    others = config.self_training and config.unlabelled_ratio > 0
    pool = np.append(
        experiment.training.labelled, experiment.unlabelled(UNLABELLED if others else 0)
    )
    views = [
        view
        for arch in spread_archs(supernet.space, _NETS)
        for view in _views(
            deployable(supernet, arch, experiment)[0], arch.resolution, experiment, pool
        )
    ]
    kernel = supernet.classifier.kernel
    views = [np.pad(view, ((0, 0), (0, kernel.shape[0] - view.shape[1]))) for view in views]
    rows = np.concatenate([view[: len(labels)] for view in views])
    head = fit_ridge(rows, np.tile(labels, len(views)), experiment.num_classes, len(views))
    logging.info("the classifier starts from a ridge regression on %d images", len(labels))
    if len(pool) > len(labels):
        head = _of_unlabelled(head, experiment, pool, views, soft_labels)
        logging.info("and from %d images without labels", len(pool) - len(labels))
    kernel.assign(head.scale * head.weights)
    supernet.classifier.bias.assign(head.scale * head.bias)


def _of_unlabelled(
    head: LinearHead,
    experiment: Experiment,
    pool: np.ndarray,
    views: Sequence[np.ndarray],
    soft_labels: np.ndarray | None,
) -> LinearHead:
    labels = experiment.labelled_labels
    if soft_labels is None:
        # The largest net stands last.
        largest = views[-len(_mirrors(experiment)) :]
        return self_trained(head, labels, largest, views).head
    targets = soft_labels[pool].astype(np.float64)
    targets[: len(labels)] = np.eye(experiment.num_classes)[labels]
    return fit_soft(head, targets, len(labels), views)


def features_of(
    net: keras.Model,
    images: Pixels,
    prepare: Callable[[np.ndarray], np.ndarray] = lambda images: images,
) -> np.ndarray:
    """What the classifier of a harvested net gets to see.

    Args:
        net: recalibrated.
        images: (n, height, width, channels); normalised, unless `prepare` does it.
        prepare: is done to a few images at a time, before they enter the net.

    Returns:
        (n, features).
    """
    body = keras.Model(net.input, net.get_layer("classifier").input)
    chunks = (images[start : start + _BATCH] for start in range(0, len(images), _BATCH))
    return np.concatenate([np.asarray(body(prepare(chunk), training=False)) for chunk in chunks])


def _views(
    net: keras.Model, resolution: int, experiment: Experiment, which: np.ndarray
) -> list[np.ndarray]:
    images = chosen(experiment.training.pool.at(resolution), which)

    def view(mirror: int) -> np.ndarray:
        # As bytes until they are needed: in float32 all of them may not fit into memory.
        return features_of(net, images, lambda few: experiment.normalised(few)[:, :, ::mirror])

    return [view(mirror) for mirror in _mirrors(experiment)]


def _mirrors(experiment: Experiment) -> tuple[int, ...]:
    """Steps along the width that keep an image's meaning."""
    return (1, -1) if experiment.config.flip else (1,)
