"""Long measurements in pieces: what is finished is kept, and the same command goes on after it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tofa_tf.common.errors import UserError
from tofa_tf.common.files import append_line


class Journal:
    """Finished pieces, one JSON line each.

    Args:
        path: of the file; "": nothing is kept.
        most: so many further pieces are made, then the program ends.
    """

    def __init__(self, path: str, most: int | None = None):
        self._path = Path(path) if path else None
        self._left = most
        self._pieces: dict[str, Any] = {}
        if self._path and self._path.exists():
            for line in self._path.read_text(encoding="utf-8").splitlines():
                self._pieces |= json.loads(line)

    def piece(self, key: str, make: Callable[[], Any]) -> Any:
        """Returns the piece of that name, which is made if it is not there.

        Args:
            key: all that decides what it is.
            make: returns plain JSON data.

        Raises:
            UserError: if as many were made as this call may.
        """
        if key not in self._pieces:
            if self._left == 0:
                raise UserError(
                    f"{len(self._pieces)} pieces are finished: the same command goes on"
                )
            self._left = None if self._left is None else self._left - 1
            self._pieces[key] = make()
            if self._path:
                append_line(self._path, json.dumps({key: self._pieces[key]}))
            print(f"{key}: {self._pieces[key]}", flush=True)
        return self._pieces[key]
