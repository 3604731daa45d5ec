"""Supernets whose weights are as irregular as trained ones, without training them."""

import functools

import numpy as np

from tofa_tf.nets.supernet import Supernet
from tofa_tf.space.search_space import SearchSpace


@functools.cache
def shared_supernet(space: SearchSpace) -> Supernet:
    """Returns a random supernet of 7 classes, made once, for tests that leave it as it is."""
    return random_supernet(space)


def random_supernet(
    space: SearchSpace, num_classes: int = 7, seed: int = 66, channels: int = 3
) -> Supernet:
    """Builds a supernet with random biases, batch norm weights and statistics too."""
    supernet = Supernet(space, num_classes, channels)
    supernet.build()
    generator = np.random.default_rng(seed)
    for weight in supernet.weights:
        if weight.name in ("gamma", "moving_variance"):
            weight.assign(generator.uniform(0.6, 1.4, weight.shape))
        elif weight.name in ("beta", "moving_mean", "bias"):
            weight.assign(generator.normal(0.0, 0.2, weight.shape))
        elif weight.name.startswith("to_"):
            noise = generator.normal(0.0, 0.1, weight.shape)
            weight.assign(np.eye(weight.shape[0]) + noise)
        else:
            fan_in = np.prod(weight.shape[:-1]) if weight.shape[-1] > 1 else weight.shape[0] ** 2
            weight.assign(generator.normal(0.0, np.sqrt(2.0 / fan_in), weight.shape))
    return supernet
