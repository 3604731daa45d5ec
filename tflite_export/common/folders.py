"""Output folders: complete or not there, and told from what is somebody else's by a marker file."""

import contextlib
import fcntl
import fnmatch
import glob
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tflite_export.common.errors import ExportError
from tflite_export.common.text_files import read_text

MARKER = ".tofa.json"
_FORMAT = 1
# After a folder's name, in that of the one it replaces.
_ASIDE = ".old."
# Two of the names that do not belong into a folder tell enough.
_NAMES_SHOWN = 2


@dataclass(frozen=True)
class FolderKind:
    """A kind of folder that this project writes, and may delete where the user says so.

    Attributes:
        name: for people, and in the marker file.
        own: patterns of the names at the top of such a folder; a folder that holds another name is
            never deleted.
        made_earlier: whether a folder without marker file is one of this kind all the same, made
            before there were marker files.
    """

    name: str
    own: tuple[str, ...]
    made_earlier: Callable[[Path], bool] = lambda path: False


def mark(folder: Path, kind: FolderKind) -> None:
    """Writes the marker file, which is what makes a folder one of this kind."""
    temporary = folder / f".{os.getpid()}{MARKER}"
    text = json.dumps({"kind": kind.name, "format": _FORMAT}) + "\n"
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(folder / MARKER)


def is_kind(folder: Path, kind: FolderKind) -> bool:
    """Whether a folder is of this kind, by its marker file or as one made earlier."""
    marked = _marked(folder)
    return marked == kind.name if marked else kind.made_earlier(folder)


def why_not_deleted(folder: Path, kind: FolderKind) -> str:
    """Returns why a folder that is not empty must not be deleted as one of `kind`; empty if it may.

    Raises:
        OSError: if the folder cannot be read.
    """
    marked = _marked(folder)
    if marked and marked != kind.name:
        return f"{folder} holds {_a(marked)}, not {_a(kind.name)}"
    if not is_kind(folder, kind):
        return f"{folder} is not empty and holds no {kind.name} (it has no {MARKER} that says so)"
    own = (*kind.own, MARKER)
    names = sorted(os.listdir(folder))
    foreign = [name for name in names if not any(fnmatch.fnmatchcase(name, p) for p in own)]
    if foreign:
        shown = ", ".join(map(repr, foreign[:_NAMES_SHOWN]))
        more = f" and {len(foreign) - _NAMES_SHOWN} more" if foreign[_NAMES_SHOWN:] else ""
        return f"{folder} also holds {shown}{more}, which is not part of {_a(kind.name)}"
    return ""


@contextlib.contextmanager
def new_folder(path: Path, *, overwrite: bool, kind: FolderKind) -> Iterator[Path]:
    """Yields a temporary folder beside `path` that takes its place when the block succeeds.

    Args:
        path: where the folder is wanted; parents are created. Through a symbolic link the folder
            that it leads to is replaced.
        overwrite: replace a folder of the same kind that is there already.
        kind: of the folder.

    Raises:
        ExportError: if `path` is taken, or its parent cannot be written.
    """
    put_back(path, kind)
    check_free(path, overwrite=overwrite, kind=kind)
    path = Path(os.path.realpath(path))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # The process id is not enough: two threads may write the same folder.
        temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
        _remove_leftovers(path, kind)
    except OSError as error:
        raise ExportError(f"cannot write to {path.parent}: {error.strerror}") from error
    lock = None
    try:
        mark(temporary, kind)
        # For as long as this process lives; see `_remove_leftovers`.
        lock = _locked(temporary)
        yield temporary
        # mkdtemp makes folders for the owner alone.
        temporary.chmod(0o755)
        # The work took its time; what has been put there meanwhile is not deleted either.
        check_free(path, overwrite=overwrite, kind=kind)
        _replace(path, temporary)
    except OSError as error:
        raise ExportError(f"cannot write {path}: {error.strerror}") from error
    finally:
        _delete(temporary)
        if lock is not None:
            os.close(lock)


def take_place(path: Path, new: Path, kind: FolderKind) -> None:
    """Puts a whole folder where another of its kind may be, which is deleted then.

    Args:
        path: where it is wanted.
        new: on the same disk.
        kind: of both.

    Raises:
        ExportError: if `path` is taken by something else, or cannot be written.
    """
    check_free(path, overwrite=True, kind=kind)
    try:
        _replace(Path(os.path.realpath(path)), new)
    except OSError as error:
        raise ExportError(f"cannot write {path}: {error.strerror}") from error


def put_back(path: Path, kind: FolderKind) -> None:
    """Puts a folder back that a process had moved aside when it was killed, see `_replace`."""
    path = Path(os.path.realpath(path))
    if path.exists():
        return
    for folder in path.parent.glob(f".{glob.escape(path.name)}{_ASIDE}*"):
        if _marked(folder) == kind.name and (lock := _locked(folder)) is not None:
            try:
                folder.rename(path)
            finally:
                os.close(lock)
            return


def tidy(parent: Path, kind: FolderKind) -> None:
    """Puts back, or else deletes, what killed processes have left of the folders in one folder."""
    for aside in sorted(parent.glob(f".*{_ASIDE}*")):
        path = parent / aside.name[1:].rpartition(_ASIDE)[0]
        put_back(path, kind)
        _remove_leftovers(path, kind)


def check_free(path: Path, *, overwrite: bool, kind: FolderKind) -> None:
    """Raises ExportError unless `path` is free or may be overwritten; see `new_folder`."""
    try:
        if not path.exists():
            # What there is on the way to it must be folders.
            if files := [parent for parent in path.parents if parent.is_file()]:
                raise ExportError(f"{files[0]} is a file; name a folder that is not below one")
            return
        if not path.is_dir():
            raise ExportError(f"{path} is a file; name a folder")
        if not any(path.iterdir()):
            return
        if not overwrite and is_kind(path, kind):
            raise ExportError(f"{path} exists; name another folder or allow to overwrite it")
        reason = why_not_deleted(path, kind)
    except OSError as error:
        raise ExportError(f"cannot read {path}: {error.strerror}") from error
    if reason:
        raise ExportError(f"{reason}; name another folder: this one is never overwritten")


def _remove_leftovers(path: Path, kind: FolderKind) -> None:
    """Deletes the temporary folders of `path` whose processes were killed."""
    for folder in path.parent.glob(f".{glob.escape(path.name)}.*"):
        if _marked(folder) == kind.name and (lock := _locked(folder)) is not None:
            _delete(folder)
            os.close(lock)
        elif _ASIDE in folder.name:
            # Of a process that was killed just before it moved the old one there.
            with contextlib.suppress(OSError):
                folder.rmdir()


def _delete(folder: Path) -> None:
    """Deletes a folder, marker file last: what a kill leaves of it can be told, and deleted."""
    with contextlib.suppress(OSError):
        for path in list(folder.iterdir()):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            elif path.name != MARKER:
                path.unlink()
    shutil.rmtree(folder, ignore_errors=True)


def _locked(folder: Path) -> int | None:
    """Locks a folder by its marker file; None if another process, or this one, has done so."""
    try:
        lock = os.open(folder / MARKER, os.O_RDONLY)
    except OSError:
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        return None
    return lock


def _marked(folder: Path) -> str:
    """Returns the kind that the marker file names; empty without a readable one."""
    try:
        return str(json.loads(read_text(folder / MARKER))["kind"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return ""


def _a(noun: str) -> str:
    return f"{'an' if noun[:1] in 'aeiou' else 'a'} {noun}"


def _replace(path: Path, new: Path) -> None:
    if not path.exists():
        new.rename(path)
        return
    # A folder cannot be renamed over a full one; the old one is kept until the new one is there.
    # Should this process be killed in between, `put_back` finds it, for its lock has gone too.
    old = Path(tempfile.mkdtemp(prefix=f".{path.name}{_ASIDE}", dir=path.parent))
    lock = _locked(path)
    try:
        path.rename(old)
        new.rename(path)
    finally:
        if lock is not None:
            os.close(lock)
    _delete(old)
