"""Keras model -> full-integer int8 .tflite: after training, or as training has prepared it."""

import re
import warnings
from typing import Any

import numpy as np

from tflite_export.common.console import captured_stderr
from tflite_export.common.errors import ExportError
from tflite_export.common.quiet_tensorflow import ConverterError, tf
from tflite_export.convert.check_model import (
    check_computes_in_float32,
    check_finite,
    check_inputs,
    check_no_loops,
    input_shape,
)
from tflite_export.convert.pooling import pool_instead_of_mean
from tflite_export.graph.flatbuffer import read_tflite
from tflite_export.graph.ops import check_integer

# The line of the converter's report that lists what TFLite cannot express.
_FOREIGN_OPS = re.compile(r"^(?:TF Select|Custom) ops: (.+)$", re.MULTILINE)


def convert_int8(model: Any, representative: np.ndarray) -> bytes:
    """Converts a Keras model to a .tflite whose every tensor is integer, input and output too.

    The same model and images give the same bytes. Layer names are part of the file, so a model
    that is built twice needs explicit layer names for that: automatic ones are numbered on.

    Args:
        model: Keras 3 or tf_keras model of one float32 input and one output of fixed shape.
        representative: float32 (n, *shape of the input), prepared as for the model itself; the
            ranges of all activations are taken from these. About 100 are enough.

    Returns:
        The content of the .tflite file; batch size 1.

    Raises:
        ExportError: if the model cannot be exported (see `check_model`), the inputs do not suit it,
            or an op cannot be quantised.
    """
    check_inputs(representative, input_shape(model), "representative inputs")
    return _int8(_frozen(model), representative)


def convert_both(model: Any, representative: np.ndarray) -> tuple[bytes, bytes]:
    """Returns what `convert_int8` gives, and the .tflite of the same ops in float32 beside it.

    Raises:
        ExportError: if the model cannot be exported.
    """
    check_inputs(representative, input_shape(model), "representative inputs")
    function = _frozen(model)
    return _int8(function, representative), _float32(function)


def convert_trained(model: Any) -> bytes:
    """Converts a model that carries its own ranges, as `qat.train_quantized` makes it.

    Args:
        model: `tf_keras` model with fake quantisation of all activations.

    Returns:
        The content of a file with the same ops as `convert_int8` gives.

    Raises:
        ExportError: if an activation has no range.
    """
    return _int8(_frozen(model), None)


def _float32(function: Any) -> bytes:
    with captured_stderr(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return tf.lite.TFLiteConverter.from_concrete_functions([function]).convert()


def _int8(function: Any, representative: np.ndarray | None) -> bytes:
    with captured_stderr(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tflite = _quantize(function, representative)
    check_integer(read_tflite(tflite))
    return tflite


def _frozen(model: Any) -> Any:
    """Returns the model as a function of one input, ready for the converter."""
    signature = tf.TensorSpec((1, *input_shape(model)), tf.float32, name="input")
    check_computes_in_float32(model)
    check_finite(model)
    function = tf.function(lambda inputs: model(inputs, training=False), autograph=False)
    with captured_stderr(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        concrete = function.get_concrete_function(signature)
        check_no_loops(concrete.graph.as_graph_def(), model)
        return pool_instead_of_mean(concrete)


def _quantize(function: Any, representative: np.ndarray | None) -> bytes:
    # Without the model as second argument the converter freezes the function. With it, variables
    # of Keras 3 stay resources, which fail in calibration; from_keras_model is ten times slower.
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function])
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if representative is not None:
        converter.representative_dataset = lambda: ([one[np.newaxis]] for one in representative)
        # Without inputs the converter refuses this; `check_integer` sees to the same.
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    # Runtimes older than September 2024, such as Arduino's, know one scale for a whole dense layer;
    # with one a column they compute nonsense and say nothing.
    converter._experimental_disable_per_channel_quantization_for_dense_layers = True
    converter.inference_input_type = tf.int8
    converter.inference_output_type = tf.int8
    try:
        return converter.convert()
    except (ConverterError, RuntimeError, ValueError) as error:
        raise ExportError(f"the model cannot become an int8 model: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    text = str(error)
    if foreign := _FOREIGN_OPS.search(text):
        return f"TFLite has no op for TensorFlow's {foreign[1]}; replace the layer that computes it"
    return text.partition("error: ")[2].partition("\n")[0] or text.partition("\n")[0]
