"""What the setting `teacher` may be besides "none" and a Keras file; loads nothing."""

from tofa_tf.pretrained import licences

EFFICIENTNET_LITE0 = "efficientnet_lite0"
_NOTICES = {EFFICIENTNET_LITE0: licences.EFFICIENTNET_LITE0}


def teacher_notice(what: str) -> str:
    """What the authors of a teacher allow and what it has seen; "" where nobody here knows."""
    return _NOTICES.get(what, "")
