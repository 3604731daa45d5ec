"""What all benchmarks take and write: where results go, and what they were measured on."""

import contextlib
import csv
import dataclasses
import datetime
import platform
import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tflite_export.common.folders import FolderKind, new_folder
from tflite_export.common.settings import SettingsBase, setting
from tflite_export.common.versions import OF_MODELS, versions_of
from tofa_tf.common.errors import printable
from tofa_tf.common.machine import describe_machine

TABLE = "README.md"
CSV = "results.csv"
_RESULT = FolderKind("benchmark result", own=("*.md", "*.csv", "*.json", "*.png"))


@dataclasses.dataclass(frozen=True)
class Output(SettingsBase):
    """Where the results go."""

    output: str = setting("Folder for table, CSV and plot.")
    overwrite: bool = setting("Replace earlier results in the output folder.", False)


@contextlib.contextmanager
def new_results(output: Output) -> Iterator[Path]:
    """Yields a folder to write results to; it appears at its place when the block succeeds.

    Raises:
        ExportError: if the place is taken.
    """
    path = Path(output.output)
    with new_folder(path, overwrite=output.overwrite, kind=_RESULT) as folder:
        yield folder


def write_csv(path: Path, rows: Sequence[Any], columns: Sequence[str] = ()) -> None:
    """Writes one line a row.

    Args:
        path: of the file.
        rows: mappings, or objects with the columns as attributes.
        columns: in this order; empty: all keys of a mapping, all fields of a dataclass.
    """
    first = rows[0]
    if not columns:
        fields = first if isinstance(first, Mapping) else _field_names(first)
        columns = list(fields)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows([_entry(row, name) for name in columns] for row in rows)


def write_table(folder: Path, lines: Sequence[str]) -> None:
    """Writes the results as people read them, with what they were got on, and prints them.

    Args:
        folder: of the results.
        lines: Markdown.
    """
    text = "\n".join([*lines, "", *_environment(), ""])
    (folder / TABLE).write_text(text, encoding="utf-8")
    print(text)


def _environment() -> list[str]:
    """Lines of Markdown: command, date, machine, versions."""
    module = sys.modules["__main__"].__spec__
    command = ["python", "-m", module.name if module else sys.argv[0], *sys.argv[1:]]
    versions = ", ".join(" ".join(item) for item in versions_of(OF_MODELS).items())
    return [
        f"    {printable(shlex.join(command))}",
        "",
        f"{datetime.date.today()}, {describe_machine()}, Python {platform.python_version()}, "
        f"{versions}.",
    ]


def _field_names(row: Any) -> list[str]:
    return [field.name for field in dataclasses.fields(row)]


def _entry(row: Any, name: str) -> Any:
    return row[name] if isinstance(row, Mapping) else getattr(row, name)
