"""Quantisation-aware training: a float model learns to answer as before with 8 bits.

The float model itself is the teacher (distillation, arXiv 1503.02531), so that images need no
labels, and what was learned from labels cannot be forgotten for those few images.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from tflite_export.common.console import captured_stderr
from tflite_export.common.errors import ExportError
from tflite_export.common.quiet_tensorflow import tf
from tflite_export.convert.outputs import outputs_of
from tflite_export.convert.quantization_settings import QatSettings
from tflite_export.convert.tf_keras_twin import folded_twin


def train_quantized(
    model: Any, representative: np.ndarray, images: np.ndarray, settings: QatSettings
) -> Any:
    """Trains a copy of a float model so that its int8 form loses little.

    Args:
        model: Keras 3 or `tf_keras` model; stays as it is.
        representative: float32 (n, height, width, channels), as for `convert_int8`; the ranges of
            all activations are taken from these.
        images: float32 (batch, height, width, channels) to train on, normalised.
        settings: of the training.

    Returns:
        A `tf_keras` model to hand to `convert_trained`.

    Raises:
        ExportError: if TFMOT is missing or the model has a layer that cannot be trained so.
    """
    try:
        with captured_stderr():
            # Seconds to import, and needed for this alone.
            from tflite_export.convert.fake_quant import (
                measure_ranges,
                round_kernels,
                with_fake_quant,
            )
    except ImportError as error:
        raise ExportError(
            f"quantisation-aware training needs a package that is not installed ({error}): "
            "pip install tensorflow-model-optimization tf_keras, or choose quantization='ptq'"
        ) from error
    twin = folded_twin(model, representative[: settings.batch])
    trained = with_fake_quant(twin, measure_ranges(twin, representative))
    _distil(trained, images, outputs_of(twin, images), settings)
    round_kernels(trained)
    return trained


def _distil(model: Any, images: np.ndarray, targets: np.ndarray, settings: QatSettings) -> None:
    optimizer = _adam(settings)
    weights = model.trainable_variables

    @tf.function(autograph=False)
    def step(batch: Any, target: Any) -> None:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(batch, training=True) - target))
        optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))

    for chosen in _batches(len(images), settings):
        step(images[chosen], targets[chosen])


def _adam(settings: QatSettings) -> Any:
    import tf_keras  # Variables of tf_keras need its optimizer.

    schedule = tf_keras.optimizers.schedules.CosineDecay(settings.learning_rate, settings.steps)
    return tf_keras.optimizers.Adam(schedule, jit_compile=False)


def _batches(count: int, settings: QatSettings) -> Iterator[np.ndarray]:
    """Yields indices: one random order of all images after the other, cut into equal batches."""
    generator = np.random.default_rng(settings.seed)
    order = np.empty(0, int)
    for _ in range(settings.steps):
        while len(order) < settings.batch:
            order = np.concatenate([order, generator.permutation(count)])
        yield order[: settings.batch]
        order = order[settings.batch :]
