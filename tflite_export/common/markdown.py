"""Text that somebody else has chosen, as part of a Markdown page."""

import re

from tflite_export.common.errors import printable

# What begins a cell, code, HTML, a link, emphasis, or takes the meaning from the next character.
# Underscores within a word mean nothing, and names of scenarios are full of them.
_SPECIAL = re.compile(r"[\\|`<\[\]*~]|(?<![^\W_])_|_(?![^\W_])|&(?=[#\w]+;)")


def escaped(text: object) -> str:
    """Returns a text as one line that Markdown shows as it is, in a sentence, heading or cell.

    Args:
        text: a title, a name, a path; what is no character of a line becomes its escape sequence.
    """
    return _SPECIAL.sub(r"\\\g<0>", printable(str(text)))
