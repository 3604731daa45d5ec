"""Settings that choose themselves where the user leaves them open."""

import dataclasses
from typing import Any

from absl import logging

from tofa_tf.training.settings import TrainConfig

# Pre-trained features are worth keeping: a smaller rate, and half of it before the classifier.
_FROM_WEIGHTS = {"learning_rate": 0.02, "trunk_rate": 0.5}
_FROM_SCRATCH = {"learning_rate": 0.03, "trunk_rate": 1.0}


def settle(config: TrainConfig, *, pretrained: bool) -> TrainConfig:
    """Fills in what is open, and says what it chose.

    Args:
        config: as the user made it; what is set stays.
        pretrained: whether the training starts from pre-trained weights.
    """
    values = _FROM_WEIGHTS if pretrained else _FROM_SCRATCH
    chosen: dict[str, Any] = {
        name: value for name, value in values.items() if getattr(config, name) is None
    }
    if chosen:
        start = "pre-trained weights" if pretrained else "random weights"
        what = ", ".join(f"{name}={value:g}" for name, value in chosen.items())
        logging.info("chosen for %s: %s", start, what)
    return dataclasses.replace(config, **chosen)
