"""How every script of the project ends: quietly, or with one clear line and exit code 1."""

import errno
import io
import os
import sys
from collections.abc import Callable

from tflite_export.common.errors import TofaError, UserError, one_line

# A full disk, a quota, a limit of the size of files, a disk that is mounted to be read only.
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)


def check_temporary_folder() -> None:
    """Raises a UserError if there is no place for temporary files; conversion needs one."""
    import tempfile  # help and mistakes need none of what it loads

    try:
        tempfile.gettempdir()
    except FileNotFoundError as error:
        raise UserError(
            f"{error.strerror}: set TMPDIR to a folder on a disk with room, to which you may write"
        ) from error


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
        sys.exit(f"error: {one_line(error)}")
    except KeyboardInterrupt:
        sys.exit("interrupted: what was finished is kept; the same command continues")
    except OSError as error:
        pipe = error.errno == errno.EPIPE and error.filename is None
        if not pipe and error.errno not in _NO_ROOM:
            raise
        _discard_output()
        if pipe:
            # Whoever reads, `head` for example, has had enough.
            sys.exit(1)
        sys.exit(f"error: cannot write {error.filename or 'the output'}: {error.strerror}")


def _discard_output() -> None:
    """Python would try to write the rest when it ends, and complain once more."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
