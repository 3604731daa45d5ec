"""The folder of one run: its own alone, and of one process at a time."""

import contextlib
import fcntl
import fnmatch
import hashlib
import os
import shutil
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from absl import logging

from tflite_export.common.folders import MARKER, FolderKind, is_kind, mark, why_not_deleted
from tofa_tf.common.errors import UserError
from tofa_tf.common.files import read_json, remove_leftovers, write_json

# The settings for people, and for `--config`; what decides whose folder it is, is the JSON file.
CONFIG_TOML = "config.toml"
CONFIG = "config.json"
METRICS = "metrics.jsonl"
# Beside the settings: after how many steps the run was made one of more.
EXTENDED = "extended_from"
_LOCK = ".tofa.lock"
# Files that were being written when a process was killed, see `replacing`.
_TEMPORARY = ".[0-9]*.*"
# Settings that every run has had since there are runs.
_RUN_SETTINGS = frozenset({"dataset", "labels_per_class", "search_space", "train"})
# Settings that came when there were runs already, with the values by which those had been made; not
# always today's defaults.
LATER_SETTINGS = {"mixed_precision": False, "self_training": False}
# Locks of this process by the real path of the folder: a run may be opened again by the same one.
_locks: dict[str, int] = {}


def _made_earlier(folder: Path) -> bool:
    """Whether a folder without marker file holds a run: its settings are those of one."""
    try:
        settings = read_json(folder / CONFIG)
    except UserError:
        return False
    return isinstance(settings, dict) and settings.keys() >= _RUN_SETTINGS


RUN = FolderKind(
    "run",
    own=(
        *(CONFIG, CONFIG_TOML, "split.json", METRICS, "sampled.jsonl", "tensorboard"),
        *("checkpoint.npz", "checkpoint_before.npz", "supernet.weights.h5", "scenarios"),
        *("teacher.npz", "teacher_features_*"),
        *("report.json", "report.md", "report.html", "accuracy.png"),
        *("foreign.json", "foreign.png", "baselines", "baselines.json"),
        *(_LOCK, _TEMPORARY),
    ),
    made_earlier=_made_earlier,
)


def open_workdir(path: str | os.PathLike, config: dict[str, Any], *, overwrite: bool) -> Path:
    """Opens the folder of a run: a new one, or the one in which this very run was begun.

    The folder is this process's own until the process ends, or until `close_workdir`.

    Args:
        path: of the folder.
        config: everything that decides what the run computes; plain JSON data.
        overwrite: delete what another run has left there.

    Raises:
        UserError: if the folder cannot be used, is not empty and no run's, is another run's, or
            another process works in it.
    """
    if not str(path):
        raise UserError("no workdir given: name a folder for the run, for example runs/photos")
    folder = Path(path)
    try:
        if folder.exists() and not folder.is_dir():
            raise UserError(f"{folder} is a file: choose a folder as workdir")
        if folder.is_symlink() and not folder.exists():
            raise UserError(
                f"{folder} is a link to {os.readlink(folder)}, where nothing is: make that folder, "
                "or choose another workdir"
            )
        # Nothing is written into a folder that is somebody else's, not even a lock.
        if _is_foreign(folder):
            raise UserError(
                f"{why_not_deleted(folder, RUN)}: choose another workdir (what is not a run's is "
                "never deleted)"
            )
        entered = _lock(folder)
    except OSError as error:
        raise UserError(f"cannot use {folder}: {error.strerror}") from error
    try:
        if entered:
            remove_leftovers(folder)
        _begin_or_continue(folder, config, overwrite=overwrite)
    except Exception:
        if entered:
            close_workdir(folder)
        raise
    return folder


@contextlib.contextmanager
def reserved(path: str | os.PathLike | None) -> Iterator[None]:
    """Keeps other processes out of the folder of a run, if it is one, before `open_workdir`.

    So that who comes second is told before images are read. The folder stays this process's own
    afterwards, unless something is raised meanwhile.

    Args:
        path: of the folder; None: this process will use none.

    Raises:
        UserError: if another process works in it.
    """
    if path is None or not _reserve(Path(path)):
        yield
        return
    try:
        remove_leftovers(Path(path))
        yield
    except BaseException:
        close_workdir(path)
        raise


def _reserve(folder: Path) -> bool:
    """Locks a folder in which a run has been begun; returns whether it was not locked before."""
    # Whatever else is wrong with it `open_workdir` says.
    with contextlib.suppress(OSError):
        return (folder / _LOCK).is_file() and not _is_foreign(folder) and _lock(folder)
    return False


def tidy_workdir(path: str | os.PathLike) -> None:
    """Deletes what killed processes left half written, unless another process works there."""
    folder = Path(path)
    with contextlib.suppress(OSError, UserError):
        if _lock(folder):
            remove_leftovers(folder)
            close_workdir(folder)


def stored_settings(folder: Path, known: Collection[str] = ()) -> dict[str, Any]:
    """Returns the settings of the run in a folder.

    Args:
        folder: of the run.
        known: names of today's settings; of `LATER_SETTINGS` among them those that the run lacks
            are filled in.

    Raises:
        UserError: if there is no run, or its settings cannot be read.
    """
    if not (folder / CONFIG).exists():
        raise UserError(f"{folder} holds no run: there is no {CONFIG} in it")
    settings = read_json(folder / CONFIG)
    if not isinstance(settings, dict):
        raise UserError(f"{folder / CONFIG} is damaged: it holds no settings")
    later = {name: value for name, value in LATER_SETTINGS.items() if name in known}
    return {name: value for name, value in (later | settings).items() if name != EXTENDED}


def close_workdir(path: str | os.PathLike) -> None:
    """Lets other processes use a folder that `open_workdir` has opened."""
    lock = _locks.pop(os.path.realpath(path), None)
    if lock is not None:
        os.close(lock)


def _begin_or_continue(folder: Path, config: dict[str, Any], *, overwrite: bool) -> None:
    """Makes the folder that of this run, or raises a UserError."""
    if different := _other_run(folder, config):
        if not overwrite:
            raise UserError(
                f"{folder} holds another run ({different}): choose another workdir, or pass "
                "overwrite to delete that run"
            )
        delete_run(folder)
    try:
        mark(folder, RUN)
    except OSError as error:
        raise UserError(f"cannot write {folder}: {error.strerror}") from error
    if not (folder / CONFIG).exists():
        write_json(folder / CONFIG, config)


def _other_run(folder: Path, config: dict[str, Any]) -> str:
    """Says how the run in a folder differs from this one; empty if it is this one or none."""
    if not _content(folder):
        return ""
    if not (folder / CONFIG).exists():
        # Whoever deleted the settings alone should not lose the training by the next command.
        return f"its {CONFIG} is missing"
    try:
        return _difference(stored_settings(folder, config), config)
    except UserError:
        return f"its {CONFIG} is damaged"


def _is_foreign(folder: Path) -> bool:
    """Whether there is something in a folder, but no run."""
    return folder.exists() and bool(_content(folder)) and not is_kind(folder, RUN)


def _content(folder: Path) -> list[str]:
    """Names in a folder but those with which the first moments of a run begin."""
    passing = (MARKER, _LOCK, _TEMPORARY)
    names = os.listdir(folder)
    return [name for name in names if not any(fnmatch.fnmatchcase(name, p) for p in passing)]


def delete_run(folder: Path) -> None:
    """Deletes a run, settings first: what an interruption leaves is refused like another run.

    The folder itself stays: it may be a symbolic link, and it holds the lock.

    Raises:
        UserError: if the folder holds what is not a run's, or cannot be written.
    """
    try:
        if reason := why_not_deleted(folder, RUN):
            raise UserError(f"{reason}: move that away, or choose another workdir")
        (folder / CONFIG).unlink(missing_ok=True)
        for name in _content(folder):
            if (folder / name).is_dir() and not (folder / name).is_symlink():
                shutil.rmtree(folder / name)
            else:
                (folder / name).unlink()
    except OSError as error:
        raise UserError(f"cannot delete the run in {folder}: {error.strerror}") from error


def _lock(folder: Path) -> bool:
    """Makes the folder this process's own, until the process ends, however that may be.

    Returns:
        Whether it was not before.

    Raises:
        OSError: if the folder cannot be written.
        UserError: if it is another process's.
    """
    key = os.path.realpath(folder)
    if key in _locks:
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(_locks[key]), os.stat(folder / _LOCK)):
                return False
        # The folder has been deleted since.
        close_workdir(folder)
    folder.mkdir(parents=True, exist_ok=True)
    lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        owner = os.read(lock, 20).decode("ascii", errors="replace")
        os.close(lock)
        raise UserError(
            f"another process (number {owner}) works in {folder}: wait until it ends, or choose "
            "another workdir"
        ) from None
    except OSError as error:
        # Some network file systems have no locks; a run is possible there all the same.
        logging.warning("%s cannot be locked: %s", folder, error.strerror)
    with contextlib.suppress(OSError):
        os.truncate(lock, 0)
        os.pwrite(lock, str(os.getpid()).encode(), 0)
    _locks[key] = lock
    return True


def sha256(path: str | os.PathLike) -> str:
    """Returns the SHA-256 of a file, in hexadecimal."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def _difference(old: dict[str, Any], new: dict[str, Any]) -> str:
    """Says where two configurations differ; empty if they do not."""
    old, new = _flat(old), _flat(new)
    changed = [
        f"{key} is {old.get(key)!r} there, {new.get(key)!r} here"
        for key in sorted(old.keys() | new.keys())
        if old.get(key) != new.get(key)
    ]
    return "; ".join(changed[:3])


def _flat(data: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested settings under dotted names."""
    flat: dict[str, Any] = {}
    for key, value in data.items():
        name = f"{prefix}{key}"
        flat |= _flat(value, f"{name}.") if isinstance(value, dict) else {name: value}
    return flat
