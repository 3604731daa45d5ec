"""Whether all processes of a training are about the same thing."""

import hashlib
import json
from typing import Any

import numpy as np
import tensorflow as tf

from tofa_tf import __version__
from tofa_tf.common.errors import UserError
from tofa_tf.distribute.replicas import Replicas
from tofa_tf.training.experiment import Experiment

# Six bytes of a hash are a whole number that a double holds.
_BYTES = 6


def check_equal(experiment: Experiment, replicas: Replicas) -> None:
    """Compares what decides the result with what the other processes have.

    Args:
        experiment: of this process.
        replicas: that train together.

    Raises:
        UserError: in all processes, if one differs from the chief; says in what.
    """
    facts = {
        "images or labels": experiment.split.to_json(),
        "settings": [experiment.config.values(), experiment.space.to_json()],
        "versions": [__version__, tf.__version__],
    }
    own = tf.constant([_digest(fact) for fact in facts.values()], tf.float64)
    digests = np.asarray(replicas.gather(own))
    for worker, what in np.argwhere(digests != digests[0]).tolist():
        raise UserError(
            f"worker {worker} has other {list(facts)[what]} than the chief: every process is "
            "started by the same command, and sees the same images"
        )


def _digest(fact: Any) -> float:
    text = json.dumps(fact, sort_keys=True)
    return float(int.from_bytes(hashlib.sha256(text.encode()).digest()[:_BYTES], "big"))
