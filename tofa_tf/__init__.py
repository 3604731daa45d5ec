"""Transfer once, deploy to every microcontroller: one supernet, an int8 .tflite per board."""

import contextlib
import os
import sys


@contextlib.contextmanager
def _silence():
    """Keeps file descriptor 2 quiet: TensorFlow greets there before it can be told not to."""
    sys.stderr.flush()
    saved, null = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 2)
    try:
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(null)


with _silence():
    import tensorflow  # noqa: F401
