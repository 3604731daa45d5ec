"""The file with the state of a training, and the one before it in case that the last is damaged."""

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from tflite_export.common.console import warn
from tflite_export.common.numpy_files import open_arrays
from tofa_tf.common.errors import UserError, first_line
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


def read_arrays(
    path: Path, variables: Mapping[str, npt.ArrayLike], further: Sequence[str] = ()
) -> dict[str, np.ndarray]:
    """Reads the arrays of a checkpoint, as far as a training can have saved them.

    Args:
        path: of the checkpoint.
        variables: by name, what it must have in equal shapes and types.
        further: names that it may have besides, which are not looked at.

    Raises:
        UserError: if it cannot be read, unfolds to more than memory has room for, holds something
            else, or numbers that are not finite: each of these would count as trained.
    """
    try:
        with open_arrays(path) as saved:
            arrays = dict(saved)
    except UserError:
        raise
    # Whatever comes to zipfile's, tokenize's and numpy's readers, which agree on no exception.
    except Exception as error:
        raise UserError(f"cannot read the checkpoint {path} ({first_line(error)})") from error
    state = {name: array for name, array in arrays.items() if name not in further}
    if _forms(state) != _forms(variables):
        raise UserError(f"{path} is damaged, or holds the state of another supernet or optimizer")
    bad = [name for name, array in state.items() if not np.isfinite(array).all()]
    if bad:
        of = f"{len(bad)} of its {len(state)} arrays"
        raise UserError(f"{path} is damaged: {of} are not finite, e.g. {bad[0].replace('|', '/')}")
    return arrays


def _forms(values: Mapping[str, npt.ArrayLike]) -> dict[str, tuple[tuple[int, ...], np.dtype]]:
    arrays = ((name, np.asarray(value)) for name, value in values.items())
    return {name: (array.shape, array.dtype) for name, array in arrays}
