"""Makes a data set of what a source has delivered: names, channels, a test part."""

import dataclasses
from collections.abc import Sequence

import numpy as np
from absl import logging

from tofa_tf.common.errors import UserError
from tofa_tf.data.channels import GREY, are_grey
from tofa_tf.data.hold_out import CannotHoldOutError, hold_out
from tofa_tf.data.records import ImageSet, Source
from tofa_tf.data.splits import Split
from tofa_tf.data.stored_images import Pixels, StoredImages


def with_part_names(source: Source) -> Source:
    """Tells apart images of equal path in different folders, by their ids."""
    test = source.test and source.test.renamed("test:")
    unlabelled = source.unlabelled and source.unlabelled.renamed("unlabelled:")
    return dataclasses.replace(source, test=test, unlabelled=unlabelled)


def as_grey_if_grey(source: Source) -> Source:
    """Leaves out two of three equal channels, if they are equal in every image there is."""
    if not all(are_grey(part.images) for part in source.parts()):
        return source
    logging.info("all images are grey: one channel")
    return source.changed(_first_channel)


def _first_channel(images: ImageSet) -> ImageSet:
    largest, *smaller = (_grey(pixels) for pixels in images.sizes)
    return dataclasses.replace(images, images=largest, smaller=tuple(smaller))


def _grey(pixels: Pixels) -> Pixels:
    if isinstance(pixels, StoredImages):
        return pixels.first_channel()
    return np.ascontiguousarray(pixels[..., :GREY])


def hold_out_test(
    images: ImageSet,
    fraction: float,
    class_names: Sequence[str],
    seed: int,
    earlier: Split | None,
) -> tuple[ImageSet, ImageSet]:
    """Divides labelled images into a training and a test part, by class and group.

    Args:
        images: to divide.
        fraction: share of each class for the test.
        class_names: name of class i at position i.
        seed: of the choice.
        earlier: split of a run before, whose images stay on their side.

    Raises:
        UserError: the fraction is out of range, or a class has too few images.
    """
    if not 0 < fraction < 1:
        raise UserError(f"test_fraction is {fraction}: it must lie between 0 and 1, e.g. 0.2")
    try:
        held = hold_out(
            images.labels,
            fraction,
            len(class_names),
            seed,
            groups=images.groups,
            held_before=images.among(earlier.side(test=True)) if earlier else None,
            kept_before=images.among(earlier.side(test=False)) if earlier else None,
        )
    except CannotHoldOutError as error:
        raise UserError(
            f"class '{class_names[error.label]}' has too few images to hold some out for "
            f"the test ({error}): add images or name a test folder"
        ) from error
    return images.take(~held), images.take(held)
