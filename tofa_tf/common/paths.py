"""Paths as users write them."""

import os
from pathlib import Path

from tofa_tf.common.errors import UserError


def user_path(path: str | os.PathLike[str]) -> Path:
    """Returns a path with its "~" expanded.

    Raises:
        UserError: if "~" is of no user, or the path can be that of no file.
    """
    try:
        expanded = Path(path).expanduser()
        # Asks the file system, which has limits of its own.
        expanded.is_dir()
    except RuntimeError as error:
        raise UserError(f"cannot use the path {os.fspath(path)}: there is no such user") from error
    except OSError as error:
        raise UserError(f"cannot use the path {os.fspath(path)}: {error.strerror}") from error
    return expanded
