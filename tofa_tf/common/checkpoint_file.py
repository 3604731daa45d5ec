"""The file with the state of a training, and the one before it in case that the last is damaged."""

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from tflite_export.common.console import warn
from tofa_tf.common.errors import UserError
from tofa_tf.common.files import replacing

_Read = TypeVar("_Read")


def before(path: str | os.PathLike) -> Path:
    """Returns where the checkpoint is kept that was at `path` before the last one."""
    path = Path(path)
    return path.with_name(f"{path.stem}_before{path.suffix}")


@contextlib.contextmanager
def next_checkpoint(path: str | os.PathLike) -> Iterator[Path]:
    """Yields a temporary name beside `path`; what was written there takes its place at the end.

    Raises:
        UserError: if the folder cannot be written.
    """
    with replacing(path) as temporary:
        yield temporary
        # A process that is killed after this leaves the one before, which `read_last` takes.
        with contextlib.suppress(FileNotFoundError):
            os.replace(path, before(path))


def read_last(path: str | os.PathLike, read: Callable[[Path], _Read]) -> _Read | None:
    """Reads the last checkpoint, or the one before it if that is damaged, with a warning.

    Args:
        path: of the checkpoint.
        read: reads one; raises a UserError if it is damaged or of another training.

    Returns:
        What `read` returned; None if there is no checkpoint.

    Raises:
        UserError: if none can be read; says why not the last one.
    """
    path, earlier = Path(path), before(path)
    if not path.exists():
        if not earlier.exists():
            return None
        earlier.replace(path)
    try:
        return read(path)
    except UserError as error:
        try:
            result = read(earlier)
        except UserError:
            raise UserError(
                f"{error}: delete it, and the same command trains from the start"
            ) from error
        warn(f"{error}: training goes on from the checkpoint before it")
        # The next one must not push out the one that can be read.
        earlier.replace(path)
        return result
