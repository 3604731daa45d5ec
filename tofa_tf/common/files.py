"""Files that are written completely or not at all."""

import contextlib
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tflite_export.common.text_files import MOST_RECORDED_BYTES, read_text
from tofa_tf.common.errors import UserError

# Names that `replacing` writes under.
_TEMPORARY = re.compile(r"\.\d+\..+")


@contextlib.contextmanager
def replacing(path: str | os.PathLike) -> Iterator[Path]:
    """Yields a temporary name beside `path`; what was written there is renamed to it at the end.

    Raises:
        UserError: if the folder cannot be written.
    """
    path = Path(path)
    # The end of the name stays: some writers choose the format by it.
    temporary = path.with_name(f".{os.getpid()}.{path.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        temporary.replace(path)
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def remove_leftovers(folder: Path) -> None:
    """Deletes what killed processes were writing in a folder that nobody else writes to now."""
    for path in folder.rglob(".*"):
        if _TEMPORARY.fullmatch(path.name) and path.is_file():
            with contextlib.suppress(OSError):
                path.unlink()


def write_text(path: str | os.PathLike, text: str) -> None:
    """Writes a text file in UTF-8, whatever the locale.

    What UTF-8 has no form for, such as a byte of a file's name that is no text, is written as its
    escape sequence.
    """
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", errors="backslashreplace")


def append_line(path: str | os.PathLike, line: str) -> None:
    """Adds a line to a text file, which need not be there yet.

    Raises:
        UserError: if it cannot be written.
    """
    try:
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(line + "\n")
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror or error}") from error


def write_json(path: str | os.PathLike, data: Any) -> None:
    """Writes plain data as indented JSON."""
    write_text(path, json.dumps(data, indent=1) + "\n")


def read_json(path: str | os.PathLike, most_bytes: int = MOST_RECORDED_BYTES) -> Any:
    """Reads a JSON file.

    Args:
        path: of the file.
        most_bytes: that it may have.

    Raises:
        UserError: if it is missing, unreadable or no JSON.
    """
    try:
        return json.loads(read_text(path, most_bytes))
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path} is damaged: it is not JSON ({error})") from error
