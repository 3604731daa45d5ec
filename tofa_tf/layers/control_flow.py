"""One helper for graphs whose sizes are sometimes known while tracing and sometimes not."""

from collections.abc import Callable

import tensorflow as tf


def cond(
    predicate: bool | tf.Tensor,
    if_true: Callable[[], tf.Tensor],
    if_false: Callable[[], tf.Tensor],
) -> tf.Tensor:
    """Is `tf.cond`, but traces only the branch taken where the predicate is a Python bool."""
    if isinstance(predicate, bool):
        return if_true() if predicate else if_false()
    return tf.cond(predicate, if_true, if_false)
