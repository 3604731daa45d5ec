"""TensorFlow, imported without what it has to say about the machine it finds itself on."""

import os

from tflite_export.common.console import captured_stderr

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
with captured_stderr():
    import tensorflow as tf
    from tensorflow.lite.python.convert import ConverterError
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    # Looks for a GPU now, and says that there is none while nobody listens.
    tf.config.list_physical_devices()

__all__ = ["ConverterError", "convert_variables_to_constants_v2", "tf"]
