"""What the page of a run says of the unlabelled images that the guard left out."""

from pathlib import Path

from tofa_tf.common.errors import UserError
from tofa_tf.common.files import read_json
from tofa_tf.deploy.html_parts import picture, tag, text
from tofa_tf.training.foreign_report import FOREIGN_JSON, FOREIGN_PNG


def foreign_html(folder: Path) -> list[str]:
    """Returns how many look foreign, and which most.

    Args:
        folder: of the run; without a guard there is nothing to say.
    """
    try:
        found = read_json(folder / FOREIGN_JSON)
        looked_at, foreign = int(found["unlabelled_images"]), int(found["look_foreign"])
        names = [str(name) for name in found["most_foreign"]]
    except (UserError, KeyError, TypeError, ValueError):
        return []
    share = f" ({foreign / looked_at:.1%})" if looked_at else ""
    said = (
        f"{foreign} of {looked_at} unlabelled images{share} look as if they belonged to none of "
        "the labelled classes and were left out of training."
    )
    parts = [tag("p", text(said))]
    if names:
        listed = tag("ol", "".join(tag("li", text(name)) for name in names), class_="columns")
        summary = tag("summary", text("the most foreign, by name"))
        parts += [picture(folder / FOREIGN_PNG, "the most foreign images")]
        parts += [tag("details", summary + listed)]
    return parts
