"""Which weights decay."""

import keras


def decays(variable: keras.Variable) -> bool:
    """Whether a weight is a kernel, whose decay is added to its gradient (AlphaNet).

    Batch norm's factors, biases and the matrices between kernel sizes, which start as identities,
    have no reason to be small.
    """
    return variable.name == "kernel"
