"""What every benchmark writes besides its figures: where, when, on what, by which command."""

import contextlib
import csv
import datetime
import importlib.metadata
import platform
import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tflite_export.common.folders import FolderKind, new_folder
from tofa_tf.common.machine import describe_machine

TABLE = "README.md"
RESULT = FolderKind("benchmark result", own=("*.md", "*.csv", "*.json", "*.png"))
_PACKAGES = ("tensorflow", "keras", "ai-edge-litert", "tflite_micro", "numpy")


@contextlib.contextmanager
def new_results(path: str, *, overwrite: bool) -> Iterator[Path]:
    """Yields a folder to write results to; it appears at `path` when the block succeeds."""
    with new_folder(Path(path), overwrite=overwrite, kind=RESULT) as folder:
        yield folder


def write_csv(path: Path, rows: Sequence[Mapping[str, Any]], columns: Sequence[str] = ()) -> None:
    """Writes one line a row; by default all of a row's entries."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns or list(rows[0]), extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)


def describe_environment() -> list[str]:
    """Returns lines of Markdown: command, date, machine, versions."""
    module = sys.modules["__main__"].__spec__
    command = ["python", "-m", module.name if module else sys.argv[0], *sys.argv[1:]]
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in _PACKAGES)
    return [
        f"    {shlex.join(command)}",
        "",
        f"{datetime.date.today()}, {describe_machine()}, Python {platform.python_version()}, "
        f"{versions}.",
    ]
