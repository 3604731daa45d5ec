"""Keras model -> full-integer int8 .tflite: after training, or as training has prepared it."""

import re
import warnings

import numpy as np

from tflite_export.common.console import captured_stderr
from tflite_export.common.errors import ExportError
from tflite_export.common.quiet_tensorflow import ConverterError, tf
from tflite_export.convert.pooling import pool_instead_of_mean
from tflite_export.graph.flatbuffer import read_tflite
from tflite_export.graph.ops import check_integer

# The line of the converter's report that lists what TFLite cannot express.
_FOREIGN_OPS = re.compile(r"^(?:TF Select|Custom) ops: (.+)$", re.MULTILINE)


def convert_int8(model, representative: np.ndarray) -> bytes:
    """Converts a Keras model to a .tflite whose every tensor is integer, input and output too.

    The same model and images give the same bytes. Layer names are part of the file, so a model
    that is built twice needs explicit layer names for that: automatic ones are numbered on.

    Args:
        model: Keras 3 or tf_keras model, (batch, height, width, channels) float in, one output.
        representative: float32 (n, height, width, channels), prepared as for the model itself;
            the ranges of all activations are taken from these. About 100 are enough.

    Returns:
        The content of the .tflite file; batch size 1.

    Raises:
        ExportError: if the model has no fixed image input, the images do not suit it, or an op
            cannot be quantised.
    """
    check_images(representative, image_shape(model), "representative images")
    return _convert(model, representative)


def convert_trained(model) -> bytes:
    """Converts a model that carries its own ranges, as `qat.train_quantized` makes it.

    Args:
        model: `tf_keras` model with fake quantisation of all activations.

    Returns:
        The content of a file with the same ops as `convert_int8` gives.

    Raises:
        ExportError: if an activation has no range.
    """
    return _convert(model, None)


def image_shape(model) -> tuple[int, int, int]:
    """Returns (height, width, channels) of the model's one image input.

    Raises:
        ExportError: if the model has another kind of input, or other than one output.
    """
    inputs, outputs = getattr(model, "inputs", None), getattr(model, "outputs", None)
    if not inputs or not outputs:
        raise ExportError(
            "the model has no known input shape: build it as a functional model from "
            "keras.Input(shape=(height, width, channels))"
        )
    if len(inputs) != 1 or len(outputs) != 1:
        raise ExportError(
            f"the model has {len(inputs)} inputs and {len(outputs)} outputs; "
            "one image in and one vector out is what can be exported"
        )
    shape = tuple(inputs[0].shape)
    if len(shape) != 4:
        raise ExportError(
            f"the model's input {shape} is not an image: (batch, height, width, channels) is needed"
        )
    if None in shape[1:]:
        raise ExportError(
            f"the model's input {shape} has no fixed size, which a microcontroller needs: build "
            "the same layers on keras.Input(shape=(96, 96, 3)) and copy the weights with "
            "set_weights(get_weights())"
        )
    if len(outputs[0].shape) != 2:
        raise ExportError(
            f"the model's output {tuple(outputs[0].shape)} is not one vector per image: end it "
            "with Flatten or global pooling and Dense"
        )
    return shape[1:]


def check_images(images: np.ndarray, shape: tuple[int, int, int], what: str) -> None:
    """Raises ExportError unless `images` is finite float32 (n > 0, *shape); `what` names them."""
    if images.ndim != 4 or images.shape[1:] != shape:
        needed = ", ".join(map(str, shape))
        raise ExportError(f"the {what} are {images.shape}; the model needs (n, {needed})")
    if len(images) == 0:
        raise ExportError(f"there are no {what}: at least one is needed, about 100 are better")
    if images.dtype != np.float32:
        raise ExportError(f"the {what} are {images.dtype}; normalised float32 is needed")
    if not np.isfinite(images).all():
        raise ExportError(f"the {what} contain NaN or infinity")


def _convert(model, representative: np.ndarray | None) -> bytes:
    signature = tf.TensorSpec((1, *image_shape(model)), tf.float32, name="image")
    function = tf.function(lambda image: model(image, training=False), autograph=False)
    with captured_stderr(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        concrete = pool_instead_of_mean(function.get_concrete_function(signature))
        tflite = _quantize(concrete, representative)
    check_integer(read_tflite(tflite))
    return tflite


def _quantize(function, representative: np.ndarray | None) -> bytes:
    # Without the model as second argument the converter freezes the function. With it, variables
    # of Keras 3 stay resources, which fail in calibration; from_keras_model is ten times slower.
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function])
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if representative is not None:
        converter.representative_dataset = lambda: ([image[np.newaxis]] for image in representative)
        # Without images the converter refuses this; `check_integer` sees to the same.
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
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
