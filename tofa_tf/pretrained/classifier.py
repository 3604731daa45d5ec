"""Gives a pretrained supernet a classifier for other classes."""

from absl import logging

from tofa_tf.supernet import Supernet


def with_classes(supernet: Supernet, num_classes: int) -> Supernet:
    """Returns a supernet of equal weights whose classifier is new, and says so."""
    other = Supernet(supernet.space, num_classes)
    other.build()
    old_classifier = {id(weight) for weight in supernet.classifier.weights}
    for weight, source in zip(other.weights, supernet.weights, strict=True):
        if id(source) not in old_classifier:
            weight.assign(source)
    logging.warning(
        "the classifier for %d classes is new; the pretrained one was for %d.",
        num_classes, supernet.num_classes,
    )  # fmt: skip
    return other
