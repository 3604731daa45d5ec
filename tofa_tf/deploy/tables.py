"""Tables of records as Markdown."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from tflite_export.common.markdown import escaped

Row = TypeVar("Row")
Columns = Sequence[tuple[str, Callable[[Row], str]]]


def markdown_table(rows: Sequence[Row], columns: Columns[Row]) -> str:
    """Returns a Markdown table; what is in the rows shows as it is."""
    lines = [[title for title, _ in columns], ["---"] * len(columns)]
    lines += [[escaped(cell(row)) for _, cell in columns] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
