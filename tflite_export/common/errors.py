"""The exceptions that a user, not a programmer, has to read."""


class TofaError(ValueError):
    """Something the user can put right; says what was wrong, where, what is allowed, what to do."""


class UserError(TofaError):
    """A setting, data set, search space, checkpoint or folder that cannot be used as asked."""


class ExportError(TofaError):
    """A model, a file or a board that cannot be exported, verified or compiled as asked."""


def one_line(said: object) -> str:
    """Returns a message as one line; no file's name within it can command the terminal."""
    return printable(" ".join(str(said).splitlines()))


def printable(text: str) -> str:
    """Returns a name with what cannot be printed in one line written as an escape."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)
