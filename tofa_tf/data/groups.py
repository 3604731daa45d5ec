"""Groups: which images show the same burst, track or person, read from their paths."""

import dataclasses
import re

from tofa_tf.common.errors import UserError
from tofa_tf.data.records import ImageSet, Source, as_texts


def group_expression(pattern: str) -> re.Pattern[str]:
    r"""Compiles the regular expression that finds an image's group in its path.

    Args:
        pattern: its first parentheses are the group's name, or all that it finds if it has none:
            r"burst\d+", r"^(.*)_" (class and burst), r"person=(\w+)".

    Raises:
        UserError: it is not a regular expression.
    """
    try:
        return re.compile(pattern)
    except re.error as error:
        raise UserError(f"group is {pattern!r}, not a regular expression: {error}") from error


def grouped(source: Source, expression: re.Pattern[str]) -> Source:
    """Reads the groups of all images of a source from their paths.

    Args:
        source: the ids of its images are paths relative to the folder that they are in, with "/"
            between their parts (`cat/burst7_03.jpg`).
        expression: see `group_expression`.

    Raises:
        UserError: a labelled image has no group, or training and test images have one in common.
    """
    train = with_groups(source.train, expression, complete=True)
    test = source.test and with_groups(source.test, expression, complete=True)
    if test and (shared := {*test.groups_known()} & {*train.groups_known()}):
        raise UserError(
            f"group={expression.pattern!r} finds {len(shared)} groups in the test folder that "
            f"training images are of, too, e.g. {min(shared)!r}: take them out of one of the two "
            "folders, or mend the expression"
        )
    unlabelled = source.unlabelled and with_groups(source.unlabelled, expression, complete=False)
    return dataclasses.replace(source, train=train, test=test, unlabelled=unlabelled)


def with_groups(images: ImageSet, expression: re.Pattern[str], *, complete: bool) -> ImageSet:
    """Names the group of each image by what is found in its path.

    Args:
        images: see `grouped`.
        expression: see `group_expression`.
        complete: whether something must be found in every path.

    Raises:
        UserError: nothing is found in some path although it must.
    """
    paths = images.ids.tolist()
    names = [_name(expression.search(path)) for path in paths]
    missing = [path for path, name in zip(paths, names, strict=True) if name is None]
    if complete and missing:
        raise UserError(
            f"group={expression.pattern!r} finds no group in {len(missing)} of {len(paths)} paths, "
            f"e.g. in {missing[0]!r}: every labelled image needs one; the path is matched from the "
            "data set's folder on, with /"
        )
    return dataclasses.replace(images, groups=as_texts(names))


def _name(match: re.Match[str] | None) -> str | None:
    if match is None:
        return None
    return match[1] if match.re.groups else match[0]
