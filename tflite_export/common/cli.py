"""How every script of the project ends: quietly, or with one clear line and exit code 1."""

import errno
import io
import os
import sys
from collections.abc import Callable

from tflite_export.common.errors import TofaError


def guarded(main: Callable[[], None]) -> None:
    """Calls a function; what a user can cause ends the program with one line on stderr."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal without UTF-8 must not end a long job at a plus-minus sign.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        main()
        sys.stdout.flush()
    except TofaError as error:
        sys.exit(f"error: {' '.join(str(error).splitlines())}")
    except KeyboardInterrupt:
        sys.exit("interrupted: what was finished is kept; the same command continues")
    except OSError as error:
        if error.filename is not None or error.errno not in (errno.EPIPE, errno.ENOSPC):
            raise
        _discard_output()
        if error.errno == errno.EPIPE:
            # Whoever reads, `head` for example, has had enough.
            sys.exit(1)
        sys.exit(f"error: cannot write the output: {error.strerror}")


def _discard_output() -> None:
    """Python would try to write the rest when it ends, and complain once more."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
