"""The classifier a training starts from: fitted to pre-trained features instead of random.

A random one sends noise through the trunk until it fits, and ruins what pre-training gave (linear
probing, then fine-tuning: arXiv 2202.10054).
"""

import keras
import numpy as np
from absl import logging

from tofa_tf.nets.deployable import deployable
from tofa_tf.nets.supernet import Supernet
from tofa_tf.select.ridge import fit_ridge
from tofa_tf.training.experiment import Experiment
from tofa_tf.training.sampling import spread_archs

# Nets from the smallest to the largest whose features the one classifier has to fit.
_NETS = 4
_BATCH = 500


def start_head(supernet: Supernet, experiment: Experiment) -> None:
    """Sets the classifier that all subnets share to a ridge regression on labelled images.

    Rows of the regression are the labelled images as several subnets see them, plain and, where
    that keeps its meaning, mirrored. A narrower net has no value for the last features.

    Args:
        supernet: pre-trained; its classifier is replaced.
        experiment: with the labelled images.
    """
    kernel, labels = supernet.classifier.kernel, experiment.labelled_labels
    views = [
        view
        for arch in spread_archs(supernet.space, _NETS)
        for view in _views(deployable(supernet, arch, experiment)[0], arch.resolution, experiment)
    ]
    rows = [np.pad(view, ((0, 0), (0, kernel.shape[0] - view.shape[1]))) for view in views]
    head = fit_ridge(
        np.concatenate(rows), np.tile(labels, len(rows)), experiment.num_classes, len(rows)
    )
    kernel.assign(head.scale * head.weights)
    supernet.classifier.bias.assign(head.scale * head.bias)
    logging.info("the classifier starts from a ridge regression on %d images", len(labels))


def features_of(net: keras.Model, images: np.ndarray) -> np.ndarray:
    """What the classifier of a harvested net gets to see.

    Args:
        net: recalibrated.
        images: (n, height, width, channels), normalised.

    Returns:
        (n, features).
    """
    body = keras.Model(net.input, net.get_layer("classifier").input)
    starts = range(0, len(images), _BATCH)
    return np.concatenate(
        [np.asarray(body(images[start : start + _BATCH], training=False)) for start in starts]
    )


def _views(net: keras.Model, resolution: int, experiment: Experiment) -> list[np.ndarray]:
    images = experiment.labelled_images(resolution)
    views = [images, images[:, :, ::-1]] if experiment.config.flip else [images]
    return [features_of(net, view) for view in views]
