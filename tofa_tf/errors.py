"""The one exception that a user, not a programmer, has to read."""


class UserError(ValueError):
    """Something the user can put right: the message says what, where, what is allowed and what to do."""
