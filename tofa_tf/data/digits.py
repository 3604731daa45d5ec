"""1,797 handwritten digits that come with scikit-learn: real images without a download.

Source: UCI "Optical Recognition of Handwritten Digits", test part (8x8 pixels, 17 grey levels).
"""

from collections.abc import Sequence

import numpy as np
from sklearn import datasets

from tofa_tf.data.records import ImageSet, Source
from tofa_tf.data.resize import at_sizes


def load(sizes: Sequence[int], channels: int) -> Source:
    """Loads the digits, 0..16 scaled to 0..255.

    Args:
        sizes: sides of the images in pixels, the largest first.
        channels: 1, or 3 equal ones.
    """
    embedded = datasets.load_digits()
    grey = np.rint(embedded.images * (255 / 16)).astype(np.uint8)
    images, *smaller = at_sizes(grey[..., np.newaxis], sizes, channels)
    labels = embedded.target.astype(np.int32)
    class_names = tuple(str(name) for name in embedded.target_names)
    return Source(class_names, ImageSet(images, labels, smaller=tuple(smaller)), flip=False)
