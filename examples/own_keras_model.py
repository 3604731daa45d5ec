"""Any Keras model to a verified int8 .tflite, with firmware: no supernet.

    python examples/own_keras_model.py

The model here classifies the handwritten digits that come with scikit-learn.
"""

import keras
import numpy as np
from sklearn.datasets import load_digits

from tflite_export import (
    CalibrationData,
    ExportSettings,
    VerificationData,
    export_model,
    image_spec,
    load_boards,
)


def main() -> None:
    """Trains a small net, exports it, prints what it needs."""
    keras.utils.set_random_seed(0)
    digits = load_digits()
    # As the camera gives them, 0 to 255; `spec` is how they become the input, on the board too.
    pixels = (15 * digits.images[..., np.newaxis]).astype(np.uint8)
    spec = image_spec(8, 8, "grey", mean=(128.0,), std=(128.0,))
    inputs = (pixels.astype(np.float32) - 128) / 128
    train, test = slice(0, 1200), slice(1200, None)
    model = keras.Sequential(
        [
            keras.Input(spec.shape),
            keras.layers.Conv2D(16, 3, padding="same", activation="relu"),
            keras.layers.MaxPooling2D(),
            keras.layers.Conv2D(32, 3, padding="same", activation="relu"),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(10),
        ]
    )
    model.compile(
        keras.optimizers.Adam(0.005), keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    )
    model.fit(inputs[train], digits.target[train], epochs=30, verbose=0)
    report = export_model(
        model,
        CalibrationData(inputs[train][:100]),
        "runs/own_keras_model",
        verification=VerificationData(inputs[test], digits.target[test]),
        settings=ExportSettings(
            boards=tuple(load_boards("rp2040")),
            input_spec=spec,
            class_names=tuple(map(str, digits.target_names)),
        ),
        overwrite=True,
    )
    checked, board = report.verification, report.boards[0]
    print(
        f"runs/own_keras_model: {report.tflite_bytes / 1024:.1f} KiB; of the test images "
        f"{checked.float_accuracy:.1%} right in float, {checked.int8_accuracy:.1%} in int8; on "
        f"rp2040 {board.latency.latency_ms:.1f} ms by estimate, arena "
        f"{board.fit.arena_used / 1024:.1f} KiB"
    )


if __name__ == "__main__":
    main()
