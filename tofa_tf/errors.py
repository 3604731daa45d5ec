"""The one exception that a user, not a programmer, has to read."""


class UserError(ValueError):
    """Something the user can put right; says what was wrong, where, what is allowed, what to do."""
