"""The one exception that a user, not a programmer, has to read, and one line of any other."""


class UserError(ValueError):
    """Something the user can put right; says what was wrong, where, what is allowed, what to do."""


def first_line(error: Exception) -> str:
    """Returns what a library's exception says, short enough to be part of a `UserError`."""
    return str(error).partition("\n")[0] or type(error).__name__
