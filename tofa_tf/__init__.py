"""Transfer once, deploy to every microcontroller: one supernet, an int8 .tflite per board."""

import contextlib
import os
import sys

__version__ = "0.1.0"


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


os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
try:
    with _silence():
        import tensorflow

        # Looks for a GPU now, and says that there is none while nobody listens.
        tensorflow.config.list_physical_devices()
except KeyboardInterrupt:
    # Most of the time of a script's start is spent here.
    sys.exit("interrupted")
