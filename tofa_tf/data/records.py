"""What a data set is, wherever it came from: images in memory or on disk, labels in memory."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from tofa_tf.data.stored_images import Pixels, chosen, joined_images

# Marks an image whose class is not known.
UNKNOWN = -1


@dataclass(frozen=True)
class ImageSet:
    """Decoded images and their classes.

    Attributes:
        images: uint8 array (n, size, size, channels), in memory or on disk, at the largest of the
            run's resolutions.
        labels: int32 array (n,), index of the class, or -1 where it is not known.
        ids: object array (n,) of text: the name of each image within its data set, which stays the
            same when others are added; by default its position.
        groups: object array (n,) of text: what each image shows, where several images show the
            same burst, track or person, None where that is not known; or None for no groups at all.
        smaller: the same images at the run's other resolutions, each made of the originals.
    """

    images: Pixels
    labels: np.ndarray
    ids: np.ndarray = field(default_factory=lambda: as_texts([]))
    groups: np.ndarray | None = None
    smaller: tuple[Pixels, ...] = ()

    def __post_init__(self) -> None:
        if not len(self.ids):
            object.__setattr__(
                self, "ids", as_texts([str(position) for position in range(len(self.labels))])
            )

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, indices: np.ndarray) -> "ImageSet":
        """Returns the images at `indices`, an integer or bool array, in that order."""
        groups = None if self.groups is None else self.groups[indices]
        images, *smaller = (chosen(pixels, indices) for pixels in self.sizes)
        return ImageSet(images, self.labels[indices], self.ids[indices], groups, tuple(smaller))

    @property
    def sizes(self) -> tuple[Pixels, ...]:
        """The images at each resolution, the largest first."""
        return (self.images, *self.smaller)

    def at(self, resolution: int) -> Pixels:
        """Returns the images at one of the run's resolutions, uint8 (n, size, size, channels).

        Raises:
            ValueError: if it is none of them; to resize what has been resized would make others.
        """
        for images in self.sizes:
            if images.shape[1] == resolution:
                return images
        kept = ", ".join(str(images.shape[1]) for images in self.sizes)
        raise ValueError(f"there are no images of {resolution} pixels, only of {kept}")

    def renamed(self, prefix: str) -> "ImageSet":
        """Returns the same images with something put before their ids."""
        return replace(self, ids=as_texts([f"{prefix}{name}" for name in self.ids.tolist()]))

    def among(self, ids: Collection[str]) -> np.ndarray:
        """Tells which images are named in `ids`: bool array (n,)."""
        return np.array([name in ids for name in self.ids.tolist()], bool)

    def shows_the_same(self, others: "ImageSet") -> np.ndarray:
        """Tells which images are of a group that one of the others is of: bool array (n,)."""
        if self.groups is None:
            return np.zeros(len(self), bool)
        known = others.groups_known()
        return np.array([name in known for name in self.groups.tolist()], bool)

    def groups_known(self) -> set[str]:
        """Returns the names of the groups that the images are of."""
        return set() if self.groups is None else set(self.groups.tolist()) - {None}


@dataclass(frozen=True)
class Source:
    """What a source delivers before the test part is settled.

    Attributes:
        class_names: name of class i at position i.
        train: labelled images.
        test: labelled images held out by the source itself, or None.
        unlabelled: images without a class, all labels -1, or None.
        skipped: one line for each image that could not be read.
        flip: whether mirrored images keep their class.
    """

    class_names: tuple[str, ...]
    train: ImageSet
    test: ImageSet | None = None
    unlabelled: ImageSet | None = None
    skipped: tuple[str, ...] = ()
    flip: bool = True

    def parts(self) -> list[ImageSet]:
        """Returns the parts that there are."""
        return [part for part in (self.train, self.test, self.unlabelled) if part is not None]

    def changed(self, change: Callable[[ImageSet], ImageSet]) -> "Source":
        """Returns the source with every part changed in the same way."""
        return replace(
            self,
            train=change(self.train),
            test=None if self.test is None else change(self.test),
            unlabelled=None if self.unlabelled is None else change(self.unlabelled),
        )


@dataclass(frozen=True)
class Dataset:
    """A data set ready for training.

    Attributes:
        name: as the user gave it.
        class_names: name of class i at position i.
        train: images from which labelled ones are drawn; all of them also serve as unlabelled.
        test: images never trained on.
        unlabelled: further images without a class, all labels -1, or None.
        skipped: one line for each image that could not be read.
        flip: whether mirrored images keep their class.
    """

    name: str
    class_names: tuple[str, ...]
    train: ImageSet
    test: ImageSet
    unlabelled: ImageSet | None = None
    skipped: tuple[str, ...] = ()
    flip: bool = True

    @property
    def channels(self) -> int:
        """1 for grey images, 3 for RGB."""
        return self.train.images.shape[-1]

    def pool(self) -> ImageSet:
        """Returns the training images, then the unlabelled ones with label -1.

        Positions of training images stay the same, so a draw of labelled images from `train`
        indexes the pool as well.
        """
        return self.train if self.unlabelled is None else joined([self.train, self.unlabelled])


@dataclass(frozen=True)
class TrainingImages:
    """What a training learns from.

    Attributes:
        pool: images, of which those named below are used.
        labelled: integer array, positions in `pool` of the images whose labels may be used.
        unlabelled: integer array, positions in `pool` of the images that are learnt from without
            their labels, usually the labelled ones among them.
        soft_labels: float16 (pool, classes), what a teacher says of every image; None without one.
    """

    pool: ImageSet
    labelled: np.ndarray
    unlabelled: np.ndarray
    soft_labels: np.ndarray | None = None

    @property
    def without_labels(self) -> int:
        """How many images are learnt from without their labels alone."""
        return len(np.setdiff1d(self.unlabelled, self.labelled))


def joined(parts: Sequence[ImageSet]) -> ImageSet:
    """Returns the images of all parts, one part after the other."""
    groups = None
    if any(part.groups is not None for part in parts):
        nothing = (np.full(len(part), None, object) for part in parts)
        known = (part.groups for part in parts)
        pairs = zip(known, nothing, strict=True)
        groups = np.concatenate([none if group is None else group for group, none in pairs])
    images, *smaller = (
        joined_images(same) for same in zip(*(part.sizes for part in parts), strict=True)
    )
    return ImageSet(
        images,
        np.concatenate([part.labels for part in parts]),
        np.concatenate([part.ids for part in parts]),
        groups,
        tuple(smaller),
    )


def without_classes(images: Pixels, ids: np.ndarray, smaller: Sequence[Pixels] = ()) -> ImageSet:
    """Returns images whose class is not known.

    Args:
        images: uint8 array (n, size, size, channels).
        ids: see `ImageSet`.
        smaller: see `ImageSet`.
    """
    labels = np.full(len(images), UNKNOWN, np.int32)
    return ImageSet(images, labels, ids, smaller=tuple(smaller))


def as_texts(values: Sequence[str | None]) -> np.ndarray:
    """Returns an object array of texts; a fixed width would pay for the longest in every row."""
    texts = list(values)
    array = np.empty(len(texts), object)
    array[:] = texts
    return array
