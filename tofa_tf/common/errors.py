"""The exception of everything before the export, and one line of any other library's."""

from tflite_export.common.errors import UserError as UserError
from tflite_export.common.errors import printable as printable


def first_line(error: Exception) -> str:
    """Returns what a library's exception says, short enough to be part of a `UserError`."""
    return str(error).partition("\n")[0] or type(error).__name__
