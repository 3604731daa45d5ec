"""The validation part: labelled images that training never sees, for every choice made after it."""

from collections.abc import Sequence

import numpy as np

from tofa_tf.common.errors import UserError
from tofa_tf.data.hold_out import CannotHoldOutError, hold_out

DEFAULT_FRACTION = 0.2
# With fewer labels of a class, each is worth more in training than a choice made on one or two
# images is worth.
LEAST_TRAINED = 5

# Keeps the draw apart from that of the test part and of the labels, which have the seed alone.
_STREAM = 1


def draw_validation(
    labels: np.ndarray,
    fraction: float | None,
    class_names: Sequence[str],
    seed: int,
    *,
    groups: np.ndarray | None = None,
    validated_before: np.ndarray | None = None,
    trained_before: np.ndarray | None = None,
) -> tuple[np.ndarray, str]:
    """Chooses validation images among the labelled ones, by class and group.

    Args:
        labels: integer array (n,), classes of the labelled images.
        fraction: share of each class, from 0 for none to below 1; None for `DEFAULT_FRACTION`
            where every class then keeps `LEAST_TRAINED` images to train on, else none.
        class_names: name of class i at position i.
        seed: of the choice.
        groups: see `hold_out`.
        validated_before: bool array (n,), images that an earlier run has validated with.
        trained_before: bool array (n,), images that an earlier run has trained on.

    Returns:
        bool array (n,), and why it has no image, or "".

    Raises:
        UserError: the fraction is out of range, or a class has too few labels for it.
    """
    if fraction is not None and not 0 <= fraction < 1:
        raise UserError(
            f"validation is {fraction}: it must be a share of the labelled images from 0 (none) to "
            "below 1, e.g. 0.2"
        )
    nothing = np.zeros(len(labels), bool)
    if fraction == 0:
        return nothing, "none is wanted (validation=0)"
    try:
        held = hold_out(
            labels,
            DEFAULT_FRACTION if fraction is None else fraction,
            len(class_names),
            [seed, _STREAM],
            groups=groups,
            least_kept=LEAST_TRAINED if fraction is None else 1,
            held_before=validated_before,
            kept_before=trained_before,
        )
    except CannotHoldOutError as error:
        name, few = class_names[error.label], f"too few labelled images ({error})"
        if fraction is None:
            return nothing, (
                f"class '{name}' has {few} to validate with some and train on {LEAST_TRAINED}"
            )
        raise UserError(
            f"class '{name}' has {few} to validate with some and train on others: use more labels, "
            "or validation=0 for no validation part"
        ) from error
    return held, ""
