"""A teacher's soft labels of all images of a run: computed once and kept in the run's folder.

Source: distillation of a large net on unlabelled images (SimCLRv2, arXiv 2006.10029, section 2).
"""

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from tflite_export.common.numpy_files import open_arrays
from tofa_tf.common.errors import UserError
from tofa_tf.common.files import replacing
from tofa_tf.data.records import TrainingImages
from tofa_tf.select.self_training import self_trained
from tofa_tf.teacher.features import describe_all, digest
from tofa_tf.teacher.head import fit_head
from tofa_tf.teacher.trunk import Trunk

SOFT_LABELS = "teacher.npz"
# Images without labels that learn from each other, at most: more are cut into equal parts. A
# thousand features of so many take 0.2 GiB, and what is computed of them twice that.
_PART = 50_000


@dataclasses.dataclass(frozen=True)
class SoftLabels:
    """What a teacher says of the images of a pool.

    Attributes:
        probabilities: float16 (pool, classes); all equal of images that are not learnt from.
        left_out_accuracy: of the teacher's first head, see `head.TeacherHead`.
    """

    probabilities: np.ndarray
    left_out_accuracy: float


def make_soft_labels(
    trunk: Trunk,
    training: TrainingImages,
    num_classes: int,
    folder: Path,
    cache: Path | None = None,
    show: Callable[[int, int], None] | None = None,
) -> SoftLabels:
    """Lets the teacher label the unlabelled images by what it learns from the labelled ones.

    Its head is fitted to these, then to its own labels and to those of an image's neighbours. Soft
    labels that the folder has are read instead.

    Args:
        trunk: the teacher.
        training: with the pool, and which of it is labelled.
        num_classes: of the labels.
        folder: of the run, where the soft labels are kept, and features while they are computed.
        cache: folder where features are kept for other runs on the same images.
        show: is told how many images are done, and of how many.

    Raises:
        UserError: if a file cannot be written, or there are soft labels of something else.
    """
    pool, labelled = training.pool, training.labelled
    key = digest(
        trunk.fingerprint,
        pool.images,
        labelled,
        pool.labels[labelled],
        str(num_classes),
        "self-trained, neighbours",
    )
    path = folder / SOFT_LABELS
    if path.exists():
        return _read(path, key)
    features = describe_all(trunk, pool.images, cache or folder, show)
    of_labelled = features.of(labelled)
    head = fit_head(of_labelled, pool.labels[labelled], num_classes)
    probabilities = np.full((len(pool), num_classes), 1 / num_classes, np.float16)
    # What it thinks of labelled images says more than their labels, which are known anyway.
    probabilities[labelled] = head.probabilities(of_labelled)
    for part in _parts(training):
        rows = np.append(labelled, part)
        learnt = self_trained(head.linear, pool.labels[labelled], [features.of(rows)])
        # Sharpened, it is surer than it is right, and teaches better: made as sure as the head that
        # only knew labels, 1.6, 1.9 and 1.2 points were lost (three nets, 25 labels a class,
        # CIFAR-10's training images that nobody labelled).
        probabilities[part] = learnt.targets[len(labelled) :]
    made = SoftLabels(probabilities, head.left_out_accuracy)
    with replacing(path) as temporary:
        np.savez(temporary, key=key, **dataclasses.asdict(made))
    if cache is None:
        features.path.unlink()
    return made


def _parts(training: TrainingImages) -> Iterator[np.ndarray]:
    """Positions in the pool of unlabelled images that learn from each other; none without any."""
    others = np.setdiff1d(training.unlabelled, training.labelled)
    others = np.random.default_rng(0).permutation(others)
    if len(others):
        yield from np.array_split(others, -(-len(others) // _PART))


def _read(path: Path, key: str) -> SoftLabels:
    hint = "delete the file, and the same command makes it anew"
    try:
        with open_arrays(path) as arrays:
            found = str(arrays["key"])
            read = SoftLabels(
                np.asarray(arrays["probabilities"], np.float16), float(arrays["left_out_accuracy"])
            )
    # Whatever comes to zipfile's, tokenize's and numpy's readers, which agree on no exception.
    except Exception as error:
        raise UserError(f"{path} is damaged: {hint}") from error
    if found != key:
        raise UserError(
            f"{path} holds soft labels of other images, of other labels or by another teacher: "
            f"{hint}"
        )
    return read
