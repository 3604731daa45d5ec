"""Keeps what native code writes to stderr off the console, and at hand for error messages."""

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator
from typing import IO


@contextlib.contextmanager
def captured_stderr() -> Iterator[IO[bytes]]:
    """Redirects file descriptor 2 of this process into the file that the context yields."""
    sys.stderr.flush()
    saved = os.dup(2)
    with tempfile.TemporaryFile() as file:
        os.dup2(file.fileno(), 2)
        try:
            yield file
        finally:
            sys.stderr.flush()
            os.dup2(saved, 2)
            os.close(saved)
