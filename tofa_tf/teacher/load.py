"""Finds the teacher that a user names."""

from tofa_tf.common.errors import UserError
from tofa_tf.pretrained.names import NONE
from tofa_tf.teacher.keras_trunk import load_keras_trunk
from tofa_tf.teacher.lite0 import load_lite0
from tofa_tf.teacher.names import EFFICIENTNET_LITE0
from tofa_tf.teacher.trunk import Trunk, resolution_for


def load_teacher(what: str, image_size: int, resolution: int | None = None) -> Trunk | None:
    """Loads a teacher; None for "none".

    Args:
        what: "efficientnet_lite0", a `.keras` file, or "none".
        image_size: height and width of the images it will be shown, before they are enlarged.
        resolution: to which they are enlarged; None for a choice by their size.

    Raises:
        TofaError: if it is none of these, cannot be loaded, or is no teacher for images.
    """
    size = resolution or resolution_for(image_size)
    if what == NONE:
        return None
    if what == EFFICIENTNET_LITE0:
        return load_lite0(size)
    if what.endswith(".keras"):
        return load_keras_trunk(what, size, fixed=resolution is not None)
    raise UserError(
        f"unknown teacher {what!r}; wanted {EFFICIENTNET_LITE0}, a .keras file, or {NONE}"
    )
