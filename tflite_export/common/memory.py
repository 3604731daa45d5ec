"""How much memory the machine has."""

import contextlib
import os
from pathlib import Path

# Bounds of a container, of control groups of version 2 and 1.
_BOUNDS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


def memory_bytes() -> int:
    """Returns how much memory there is, or how much of it a container may have."""
    found = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for path in _BOUNDS:
        # A file that is missing or says "max" bounds nothing.
        with contextlib.suppress(OSError, ValueError):
            found.append(int(Path(path).read_text(encoding="ascii")))
    return min(found)
