"""Ends this process where native code waits for ever and lets no thread of Python run meanwhile."""

import contextlib
import faulthandler
import subprocess
from collections.abc import Iterator

# Says its argument once something comes on stdin, and nothing if that ends.
_SAY = 'read -r first && printf "%s\\n" "$1" >&2'


@contextlib.contextmanager
def ended_after(seconds: float, line: str) -> Iterator[None]:
    """Ends the process with exit code 1 if the block takes longer.

    Nothing is cleaned up then: for what has no other end.

    Args:
        seconds: that the block may take, above 0.
        line: is written to stderr at that end.
    """
    # The timer is one in C, which writes where Python stands, and exits; all that is for the shell.
    with subprocess.Popen(["sh", "-c", _SAY, "sh", line], stdin=subprocess.PIPE) as shell:
        assert shell.stdin is not None
        faulthandler.dump_traceback_later(seconds, exit=True, file=shell.stdin)
        try:
            yield
        finally:
            faulthandler.cancel_dump_traceback_later()
