"""TensorFlow Model Optimization, imported without its side effect.

It sets TF_USE_LEGACY_KERAS for the whole process, which makes `tf.keras` the old Keras unless that
was loaded before, and so breaks packages for Keras 3 that are imported later, KerasCV among them.
"""

import os

import tensorflow as tf

_LOADED = tf.keras.layers  # From now on `tf.keras` stays what it is.

_VARIABLE = "TF_USE_LEGACY_KERAS"
_before = os.environ.get(_VARIABLE)
try:
    from tensorflow_model_optimization.quantization.keras import (
        QuantizeConfig,
        QuantizeWrapperV2,
    )
    from tensorflow_model_optimization.quantization.keras.quantizers import (
        FixedQuantizer,
        Quantizer,
    )
finally:
    if _before is None:
        os.environ.pop(_VARIABLE, None)
    else:
        os.environ[_VARIABLE] = _before

__all__ = ["FixedQuantizer", "QuantizeConfig", "QuantizeWrapperV2", "Quantizer"]
