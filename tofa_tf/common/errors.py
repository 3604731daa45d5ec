"""The exception of everything before the export, and one line of any other library's."""

from tflite_export.common.errors import UserError as UserError


def first_line(error: Exception) -> str:
    """Returns what a library's exception says, short enough to be part of a `UserError`."""
    return str(error).partition("\n")[0] or type(error).__name__


def printable(text: str) -> str:
    """Returns a name with what cannot be printed in one line written as an escape."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)
