"""Spares long tracing Python's search for garbage."""

import contextlib
import gc
from collections.abc import Iterator


@contextlib.contextmanager
def collector_paused(when: bool = True) -> Iterator[None]:
    """Looks for no reference cycles within the block.

    Tracing makes objects by the hundred thousand, all of which stay, and would have them looked
    through again and again.

    Args:
        when: False: the block runs as always.
    """
    if not when or not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
