"""Groups: which images show the same burst, track or person, read from their paths."""

import dataclasses
import re

from tofa_tf.common.errors import UserError
from tofa_tf.data.records import ImageSet, as_texts


def with_groups(images: ImageSet, pattern: str, *, complete: bool) -> ImageSet:
    r"""Names the group of each image by what a regular expression finds in its path.

    Args:
        images: whose ids are paths relative to the folder of the data set, with "/" between their
            parts (`cat/burst7_03.jpg`).
        pattern: its first parentheses are the group's name, or all that it finds if it has none:
            r"burst\d+", r"^(.*)_" (class and burst), r"person=(\w+)".
        complete: whether it must find something in every path.

    Raises:
        UserError: the pattern is not a regular expression, or finds nothing in some path although
            it must.
    """
    paths = images.ids.tolist()
    try:
        expression = re.compile(pattern)
    except re.error as error:
        raise UserError(f"group is {pattern!r}, not a regular expression: {error}") from error
    names = [_name(expression.search(path)) for path in paths]
    missing = [path for path, name in zip(paths, names, strict=True) if name is None]
    if complete and missing:
        raise UserError(
            f"group={pattern!r} finds no group in {len(missing)} of {len(paths)} paths, e.g. in "
            f"{missing[0]!r}: every labelled image needs one; the path is matched from the data "
            "set's folder on, with /"
        )
    return dataclasses.replace(images, groups=as_texts(names))


def _name(match: re.Match | None) -> str | None:
    if match is None:
        return None
    return match[1] if match.re.groups else match[0]
