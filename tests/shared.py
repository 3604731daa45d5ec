"""What is made once for all processes of a test session."""

import atexit
import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

# Set in `conftest.py`: a folder of the session, which pytest-xdist's workers have in common.
FOLDER = "TOFA_TESTS_FOLDER"


@contextlib.contextmanager
def shared_folder(name: str) -> Iterator[Path]:
    """Yields a folder that no other process uses meanwhile: who finds it missing makes it."""
    root = _root()
    with (root / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield root / name


def _root() -> Path:
    if FOLDER not in os.environ:
        # A single test file as a script has no session.
        os.environ[FOLDER] = tempfile.mkdtemp()
        atexit.register(shutil.rmtree, os.environ[FOLDER], ignore_errors=True)
    return Path(os.environ[FOLDER])
