"""Finds the image files in a folder: many in little time, without asking about each of them."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from absl import logging

from tflite_export.common.folders import MARKER
from tflite_export.common.image_files import is_image
from tofa_tf.common.errors import printable

# Files between two words on how many there are.
_SAY = 1000


def image_files(
    folder: str | os.PathLike, show: Callable[[int], None] = lambda found: None
) -> list[str]:
    """Finds image files at any depth; hidden files and folders are left out.

    Links to files are followed, links to folders are not. A folder that this project has written, a
    run for example, holds images that belong to no data set, and is passed over.

    Args:
        folder: to look in.
        show: is told now and then how many are found.

    Returns:
        Paths relative to the folder, with "/", sorted folder by folder.
    """
    found: list[str] = []
    for path in _walk(os.fspath(folder), ""):
        found.append(path)
        if len(found) % _SAY == 0:
            show(len(found))
    return found


def _walk(folder: str, prefix: str) -> Iterator[str]:
    try:
        with os.scandir(folder) as entries:
            # A scan knows what is a folder and what a file: only links are asked about.
            found = list(entries)
            members = sorted(
                (entry.name, entry.is_dir(follow_symlinks=False))
                for entry in found
                if not entry.name.startswith(".") and _may_count(entry)
            )
    except PermissionError as error:
        logging.warning("skipped %s: %s", printable(folder), error.strerror)
        return
    if any(entry.name == MARKER for entry in found):
        logging.info("skipped %s: it is a run or another output", printable(folder))
        return
    for name, is_folder in members:
        if is_folder:
            yield from _walk(os.path.join(folder, name), f"{prefix}{name}/")
        else:
            yield f"{prefix}{name}"


def _may_count(entry: os.DirEntry[str]) -> bool:
    if entry.is_dir(follow_symlinks=False):
        return True
    try:
        return is_image(Path(entry.name)) and entry.is_file()
    except OSError:
        # A link that leads to itself.
        return False
