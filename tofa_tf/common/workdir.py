"""The folder of one run, and the guard that two runs never share one."""

import hashlib
import os
import shutil
from pathlib import Path
from typing import Any

from tofa_tf.common.errors import UserError
from tofa_tf.common.files import read_json, write_json

_CONFIG = "config.json"


def open_workdir(path: str | os.PathLike, config: dict[str, Any], *, overwrite: bool) -> Path:
    """Opens the folder of a run: a new one, or the one in which this very run was begun.

    Args:
        path: of the folder.
        config: everything that decides what the run computes; plain JSON data.
        overwrite: delete what another run has left there.

    Raises:
        UserError: if the folder cannot be used, is not empty and no run's, or is another run's.
    """
    if not str(path):
        raise UserError("no work directory given: pass --workdir=runs/NAME")
    folder = Path(path)
    if folder.exists() and not folder.is_dir():
        raise UserError(f"{folder} is a file: pass a folder as --workdir")
    try:
        used = folder.exists() and any(folder.iterdir())
    except OSError as error:
        raise UserError(f"cannot read {folder}: {error.strerror}") from error
    if used and not (folder / _CONFIG).exists():
        raise UserError(
            f"{folder} is not empty and holds no run: choose another --workdir (files that are not "
            "a run's are never deleted, not with --overwrite either)"
        )
    if used and (different := _difference(read_json(folder / _CONFIG), config)):
        if not overwrite:
            raise UserError(
                f"{folder} holds another run ({different}): choose another --workdir, or pass "
                "--overwrite to delete that run"
            )
        shutil.rmtree(folder)
        used = False
    if not used:
        write_json(folder / _CONFIG, config)
    elif not os.access(folder, os.W_OK):
        raise UserError(f"cannot write {folder}: permission denied")
    return folder


def sha256(path: str | os.PathLike) -> str:
    """Returns the SHA-256 of a file, in hexadecimal."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def _difference(old: Any, new: dict[str, Any]) -> str:
    """Says where two configurations differ; empty if they do not."""
    if not isinstance(old, dict):
        return "its config.json is damaged"
    old, new = _flat(old), _flat(new)
    changed = [
        f"{key} is {old.get(key)!r} there, {new.get(key)!r} here"
        for key in sorted(old.keys() | new.keys())
        if old.get(key) != new.get(key)
    ]
    return "; ".join(changed[:3])


def _flat(data: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested settings under dotted names."""
    flat = {}
    for key, value in data.items():
        name = f"{prefix}{key}"
        flat |= _flat(value, f"{name}.") if isinstance(value, dict) else {name: value}
    return flat
