"""The exceptions that a user, not a programmer, has to read."""


class TofaError(ValueError):
    """Something the user can put right; says what was wrong, where, what is allowed, what to do."""


class UserError(TofaError):
    """A setting, data set, search space, checkpoint or folder that cannot be used as asked."""


class ExportError(TofaError):
    """A model, a file or a board that cannot be exported, verified or compiled as asked."""
