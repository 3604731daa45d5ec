"""Text files that a user names: read whole, but never more of them than such a file can have."""

import errno
import os
import stat
from pathlib import Path

# Of what people write: settings, boards, search spaces. A hundred boards take 30 kB.
MOST_WRITTEN_BYTES = 1 << 20
# Of what programs write: a line for each image, or all that a board has printed.
MOST_RECORDED_BYTES = 1 << 28


def read_text(
    path: str | os.PathLike,
    most_bytes: int = MOST_WRITTEN_BYTES,
    encoding: str = "utf-8",
    errors: str = "strict",
) -> str:
    """Returns what a file holds.

    Args:
        path: of the file. Devices and pipes, which may have no end, are refused.
        most_bytes: that it may have.
        encoding: of its text.
        errors: what happens to bytes that are no text, as in `open`.

    Raises:
        OSError: if it cannot be read, is no regular file or is larger; `strerror` says which.
        ValueError: if it is no text of this encoding.
    """
    # Otherwise a pipe that nobody writes to would be waited for.
    descriptor = os.open(Path(path), os.O_RDONLY | os.O_NONBLOCK)
    with open(descriptor, "rb") as file:
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode):
            raise OSError(errno.EINVAL, "it is no regular file, such as a device or a pipe")
        # Files of /proc say that they are empty.
        content = file.read(most_bytes + 1)
    if len(content) > most_bytes:
        raise OSError(errno.EFBIG, f"it is larger than {most_bytes >> 20} MiB")
    return content.decode(encoding, errors)
