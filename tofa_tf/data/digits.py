"""1,797 handwritten digits that come with scikit-learn: real images without a download.

Source: UCI "Optical Recognition of Handwritten Digits", test part (8x8 pixels, 17 grey levels).
"""

import numpy as np
from sklearn import datasets

from tofa_tf.data.records import ImageSet, Source
from tofa_tf.data.resize import resize_all


def load(image_size: int, channels: int) -> Source:
    """Loads the digits, 0..16 scaled to 0..255.

    Args:
        image_size: side of the images in pixels.
        channels: 1, or 3 equal ones.
    """
    embedded = datasets.load_digits()
    grey = np.rint(embedded.images * (255 / 16)).astype(np.uint8)
    images = resize_all(np.repeat(grey[..., np.newaxis], channels, axis=-1), image_size)
    class_names = tuple(str(name) for name in embedded.target_names)
    return Source(class_names, ImageSet(images, embedded.target.astype(np.int32)), flip=False)
