"""Takes the weights of one supernet over into another of the same search space."""

from absl import logging

from tofa_tf.nets.supernet import Supernet


def copy_weights(source: Supernet, target: Supernet) -> None:
    """Copies all weights, but no classifier where the classes differ in number: that stays new.

    Args:
        source: pretrained.
        target: built; of the same search space, whatever the resolutions.
    """
    skipped = set()
    if source.num_classes != target.num_classes:
        skipped = {weight.path for weight in target.classifier.weights}
        logging.info(
            "the classifier for %d classes is new; the pretrained one was for %d",
            target.num_classes, source.num_classes,
        )  # fmt: skip
    for weight, pretrained in zip(target.weights, source.weights, strict=True):
        if weight.path not in skipped:
            weight.assign(pretrained)


def with_classes(supernet: Supernet, num_classes: int) -> Supernet:
    """Returns a supernet for so many classes; a new one, unless there were as many."""
    if supernet.num_classes == num_classes:
        return supernet
    other = Supernet(supernet.space, num_classes)
    other.build()
    copy_weights(supernet, other)
    return other
