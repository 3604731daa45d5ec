"""Benchmarks; each writes a table to `benchmarks/results`."""

import importlib.util

# `torch_pretraining` runs where there is none.
if importlib.util.find_spec("tensorflow"):
    # In every module that imports TensorFlow its first messages would precede this.
    from tflite_export.common import quiet_tensorflow  # noqa: F401
