"""Output folders that are either complete or not there."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tflite_export.common.errors import ExportError


@contextlib.contextmanager
def new_folder(path: Path, *, overwrite: bool, marker: str) -> Iterator[Path]:
    """Yields a temporary folder beside `path` that takes its place when the block succeeds.

    Args:
        path: where the folder is wanted; parents are created.
        overwrite: replace a folder that is there already.
        marker: name of a file that tells such a folder from one that is somebody else's.

    Raises:
        ExportError: if `path` is taken, or its parent cannot be written.
    """
    path = Path(os.path.abspath(path))
    check_free(path, overwrite=overwrite, marker=marker)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # The process id is not enough: two threads may write the same folder.
        temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    except OSError as error:
        raise ExportError(f"cannot write to {path.parent}: {error.strerror}") from error
    try:
        yield temporary
        # mkdtemp makes folders for the owner alone.
        temporary.chmod(0o755)
        _replace(path, temporary)
    except OSError as error:
        raise ExportError(f"cannot write {path}: {error.strerror}") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def check_free(path: Path, *, overwrite: bool, marker: str) -> None:
    """Raises ExportError unless `path` is free or may be overwritten; see `new_folder`."""
    if not path.exists():
        return
    if not path.is_dir():
        raise ExportError(f"{path} is a file; name a folder")
    if not any(path.iterdir()):
        return
    if not overwrite:
        raise ExportError(f"{path} exists; name another folder or allow to overwrite (--overwrite)")
    if not (path / marker).exists():
        raise ExportError(
            f"{path} holds no {marker}, so it is not an earlier output and is not overwritten; "
            "name another folder"
        )


def _replace(path: Path, new: Path) -> None:
    if not path.exists():
        new.rename(path)
        return
    # A folder cannot be renamed over a full one; the old one is kept until the new one is there.
    old = Path(tempfile.mkdtemp(prefix=f".{path.name}.old.", dir=path.parent))
    path.rename(old)
    new.rename(path)
    shutil.rmtree(old, ignore_errors=True)
