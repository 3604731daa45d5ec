"""Takes the weights of one supernet over into another of the same search space."""

import keras
import numpy as np
from absl import logging

from tofa_tf.nets.supernet import Supernet


def copy_weights(source: Supernet, target: Supernet) -> None:
    """Copies all weights, but no classifier where the classes differ in number: that stays new.

    Args:
        source: pretrained.
        target: built; of the same search space, whatever the resolutions; it may see grey images
            where the source saw colours.
    """
    skipped = set()
    if source.num_classes != target.num_classes:
        skipped = {weight.path for weight in target.classifier.weights}
        logging.info(
            "the classifier for %d classes is new; the pretrained one was for %d",
            target.num_classes,
            source.num_classes,
        )
    stem = target.stem.conv.kernel.path
    for weight, pretrained in zip(target.weights, source.weights, strict=True):
        if weight.path == stem and source.channels != target.channels:
            weight.assign(_grey_kernel(pretrained, source))
        elif weight.path not in skipped:
            weight.assign(pretrained)


def with_classes(supernet: Supernet, num_classes: int) -> Supernet:
    """Returns a supernet for so many classes; a new one, unless there were as many."""
    if supernet.num_classes == num_classes:
        return supernet
    other = Supernet(supernet.space, num_classes, supernet.channels)
    other.build()
    copy_weights(supernet, other)
    return other


def _grey_kernel(kernel: keras.Variable, source: Supernet) -> np.ndarray:
    """The kernel that computes of a grey image what `kernel` does of it in three equal colours.

    Up to a constant for each filter, where the colours were normalised by unequal means: batch norm
    takes that off.

    Args:
        kernel: (height, width, 3, filters).
    """
    _, colour_std = source.space.normalisation(source.channels)
    _, grey_std = source.space.normalisation(1)
    scale = grey_std[0] / np.array(colour_std)
    return np.sum(np.asarray(kernel) * scale[:, None], axis=2, keepdims=True)
