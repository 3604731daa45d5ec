"""How a data set's files are read: where their images are kept, and who is told how far it is."""

from collections.abc import Callable
from dataclasses import dataclass, field

from tofa_tf.data.stored_images import ImageMemory

# Takes what is done ("photos: images decoded"), how many are, and of how many, 0 if nobody knows.
Show = Callable[[str, int, int], None]


def silent(what: str, done: int, total: int) -> None:
    """Tells nobody how far a loading is."""
    del what, done, total


@dataclass(frozen=True)
class Reading:
    """What one loading of a data set needs, and no other may share.

    Attributes:
        memory: for the decoded images.
        show: is told from time to time how far it is.
    """

    memory: ImageMemory = field(default_factory=ImageMemory)
    show: Show = silent
