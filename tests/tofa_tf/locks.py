"""Whose folder a run's is."""

import fcntl
from pathlib import Path


def is_free(folder: Path) -> bool:
    """Whether no process has locked a run's folder; locks count for each open file."""
    with open(folder / ".tofa.lock") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
