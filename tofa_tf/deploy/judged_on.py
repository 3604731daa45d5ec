"""Whether two runs were judged on the same test images: their number alone does not tell.

Held-out test images follow the seed, so that runs of one folder and one number of test images may
have different ones.
"""

import dataclasses
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tofa_tf.common.errors import UserError
from tofa_tf.data.splits import SPLIT, load_split
from tofa_tf.deploy.results import RunReport


@dataclasses.dataclass(frozen=True)
class JudgedOn:
    """The test images of a run.

    Attributes:
        images: digest of each by its id.
        form: size and channels that the digests are of.
    """

    images: Mapping[str, str]
    form: tuple[Any, ...]


def read_judged_on(folder: Path, report: RunReport) -> JudgedOn | None:
    """Returns the test images of a run; None where its folder no longer says which they were.

    Args:
        folder: of the run.
        report: of the run.

    Raises:
        UserError: if its record of them is damaged.
    """
    if not (folder / SPLIT).exists():
        return None
    settings = report.settings
    try:
        form = max(settings.get("resolutions") or (0,)), settings.get("channels")
    except TypeError as error:
        raise UserError(f"the report of {folder} is damaged: its resolutions are none") from error
    return JudgedOn(load_split(folder).parts["test"], form)


def others_among(new: JudgedOn, old: JudgedOn) -> int:
    """Returns how many of the new test images are none of the old ones."""
    if new.form == old.form:
        # Not by their ids: an image that was edited, or put into another class, is another one.
        return (Counter(new.images.values()) - Counter(old.images.values())).total()
    # Digests are of images as the nets see them; at another size all are different.
    return len(new.images.keys() - old.images.keys())
