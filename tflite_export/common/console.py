"""What goes to stderr: warnings for the user, and nothing of what native code writes there."""

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator
from typing import IO

from tflite_export.common.errors import one_line


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


def warn(text: str) -> None:
    """Tells the user of something that needs no error, but should not pass unnoticed."""
    print(f"warning: {one_line(text)}", file=sys.stderr, flush=True)
