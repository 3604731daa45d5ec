"""What a data set is, wherever it came from: images and labels in memory."""

from dataclasses import dataclass

import numpy as np

# Marks an image whose class is not known.
UNKNOWN = -1


@dataclass(frozen=True)
class ImageSet:
    """Decoded images and their classes.

    Attributes:
        images: uint8 array (n, size, size, 3).
        labels: int32 array (n,), index of the class, or -1 where it is not known.
    """

    images: np.ndarray
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, indices: np.ndarray) -> "ImageSet":
        """Returns the images at `indices`, an integer array (m,), in that order."""
        return ImageSet(self.images[indices], self.labels[indices])


@dataclass(frozen=True)
class Source:
    """What a source delivers before the test part is settled.

    Attributes:
        class_names: name of class i at position i.
        train: labelled images.
        test: labelled images held out by the source itself, or None.
        unlabelled: uint8 array (m, size, size, 3) of images without a class, or None.
        skipped: one line for each image that could not be read.
        flip: whether mirrored images keep their class.
    """

    class_names: tuple[str, ...]
    train: ImageSet
    test: ImageSet | None = None
    unlabelled: np.ndarray | None = None
    skipped: tuple[str, ...] = ()
    flip: bool = True


@dataclass(frozen=True)
class Dataset:
    """A data set ready for training.

    Attributes:
        name: as the user gave it.
        class_names: name of class i at position i.
        train: images from which labelled ones are drawn; all of them also serve as unlabelled.
        test: images never trained on.
        unlabelled: uint8 array (m, size, size, 3) of further images without a class, or None.
        skipped: one line for each image that could not be read.
        flip: whether mirrored images keep their class.
    """

    name: str
    class_names: tuple[str, ...]
    train: ImageSet
    test: ImageSet
    unlabelled: np.ndarray | None = None
    skipped: tuple[str, ...] = ()
    flip: bool = True

    def pool(self) -> ImageSet:
        """Returns the training images, then the unlabelled ones with label -1.

        Positions of training images stay the same, so a draw of labelled images from `train`
        indexes the pool as well.
        """
        if self.unlabelled is None:
            return self.train
        unknown = np.full(len(self.unlabelled), UNKNOWN, np.int32)
        return ImageSet(
            np.concatenate([self.train.images, self.unlabelled]),
            np.concatenate([self.train.labels, unknown]),
        )
