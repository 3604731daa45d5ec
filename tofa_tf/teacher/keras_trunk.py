"""Any Keras classifier or backbone as teacher, from a `.keras` file."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras

from tflite_export.convert.keras_file import load_model
from tofa_tf.common.errors import UserError
from tofa_tf.common.workdir import sha256
from tofa_tf.data.channels import GREY, RGB
from tofa_tf.teacher.trunk import Trunk

# More than any pooled net has: the flattened map of one that is not pooled.
_MOST_FEATURES = 4096
# What may stand behind a classifier.
_PASSING = (
    keras.layers.Activation, keras.layers.Dropout, keras.layers.Flatten, keras.layers.Reshape,
    keras.layers.Softmax,
)  # fmt: skip
_CLASSIFIER_ACTIVATIONS = ("linear", "sigmoid", "softmax")


def load_keras_trunk(path: str, resolution: int, fixed: bool) -> Trunk:
    """Loads a Keras model and takes its classifier off.

    A model that rescales pixels itself, by a layer or by plain arithmetic, is shown pixels of 0 to
    255; any other of -1 to 1. A map of features at its end is averaged over height and width.

    Args:
        path: of the file; it may come from anybody, nothing in it is run.
        resolution: of the images, for a model that takes any.
        fixed: whether the user asked for that resolution.

    Raises:
        TofaError: if it is no such model, takes no square images, or is not pooled.
    """
    model = load_model(Path(path))
    size, channels = _input_of(path, model)
    if fixed and size not in (None, resolution):
        raise UserError(
            f"teacher_resolution is {resolution}: the teacher {path} takes images of {size} pixels"
        )
    size = size or resolution
    image = keras.Input((size, size, channels))
    features = _pooled(path, keras.Model(model.inputs[0], _before_classifier(model))(image))
    rescales = _rescales(model)
    return Trunk(
        name=path,
        fingerprint=f"{sha256(path)} at {size}",
        network=keras.Model(image, features, name="teacher"),
        mean=0.0 if rescales else 127.5,
        std=1.0 if rescales else 127.5,
    )


def _input_of(path: str, model: Any) -> tuple[int | None, int]:
    """Height and width, None for any, and channels of the images a model takes."""
    shapes = [tuple(tensor.shape) for tensor in model.inputs or ()]
    if len(shapes) == 1 and len(shapes[0]) == 4:
        _, height, width, channels = shapes[0]
        if height == width and channels in (GREY, RGB):
            return height, channels
    found = " and ".join(str(shape[1:]) for shape in shapes) or "not known"
    raise UserError(
        f"the teacher {path} takes no images of ours: its input is {found}; square images (height, "
        "width, 3) or (height, width, 1) are needed"
    )


def _before_classifier(model: keras.Model) -> Any:
    """What enters the dense layer, or 1x1 convolution, at the end; the output if there is none."""
    tensor = model.outputs[0]
    while isinstance(operation := tensor._keras_history.operation, _PASSING):
        tensor = operation.input
    is_dense = isinstance(operation, keras.layers.Dense) or (
        isinstance(operation, keras.layers.Conv2D)
        and operation.use_bias
        and tuple(tensor.shape[1:3]) == (1, 1)
    )
    if is_dense and operation.activation.__name__ in _CLASSIFIER_ACTIVATIONS:
        return operation.input
    return model.outputs[0]


def _pooled(path: str, features: Any) -> Any:
    if len(features.shape) == 4:
        features = keras.layers.GlobalAveragePooling2D()(features)
    if len(features.shape) != 2 or not 0 < (features.shape[1] or 0) <= _MOST_FEATURES:
        raise UserError(
            f"the teacher {path} is not pooled: an image has features of shape "
            f"{tuple(features.shape[1:])}; at most {_MOST_FEATURES} numbers are understood: end it "
            "with GlobalAveragePooling2D (keras.applications: pooling='avg')"
        )
    return features


def _rescales(model: keras.Model) -> bool:
    """Whether something changes the pixels before the first layer with weights."""
    for operation in _flat_operations(model):
        if isinstance(operation, keras.layers.Rescaling | keras.layers.Normalization):
            return True
        if not isinstance(operation, keras.layers.Layer):
            return True
        if operation.weights:
            return False
    return False


def _flat_operations(model: keras.Model) -> Iterator[Any]:
    """All operations in the order in which they run, those of models within it included."""
    for operation in getattr(model, "operations", model.layers):
        if isinstance(operation, keras.Model):
            yield from _flat_operations(operation)
        else:
            yield operation
