"""Names that become names of files and folders, and parts of C comments and tables."""

import re

# ASCII alone, so that a name is equal for every file system and compiler; never "." or "..", and no
# separator of paths. Longer names would not leave room for what files add to them.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@+-]{0,99}")
NAMES_ALLOWED = "1 to 100 letters, digits and _ . @ + -, the first a letter or a digit"


def is_name(text: object) -> bool:
    """Whether a text can be the name of a file or folder that never leaves its own folder."""
    return isinstance(text, str) and _NAME.fullmatch(text) is not None
