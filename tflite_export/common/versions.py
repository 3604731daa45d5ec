"""Versions of the packages that have a part in a result."""

import importlib.metadata
from collections.abc import Iterable

# What every model is made with, and verified in.
OF_MODELS = ("tensorflow", "keras", "tf_keras", "ai-edge-litert", "tflite_micro", "numpy")
TFMOT = "tensorflow-model-optimization"
VELA = "ethos-u-vela"


def versions_of(names: Iterable[str]) -> dict[str, str]:
    """Returns the versions of those packages that are installed, in the order of the names."""
    versions = {}
    for name in names:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions
