from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from absl.testing import parameterized

from tests.tofa_tf.data.images import blobs
from tests.tofa_tf.pretrained.keras_models import SIZE, mobilenet, randomize
from tflite_export.common.errors import TofaError
from tofa_tf.teacher.load import load_teacher
from tofa_tf.teacher.trunk import Trunk, resolution_for

_IMAGES = blobs(3, SIZE)


def _backbone(size: int | None = SIZE, channels: int = 3, pooled: bool = True) -> keras.Model:
    """Two convolutions, to eight features."""
    image = keras.Input((size, size, channels))
    x = keras.layers.Conv2D(8, 3, 4, name="first")(image)
    x = keras.layers.Conv2D(8, 3, 4)(keras.layers.BatchNormalization()(x))
    x = keras.layers.ReLU()(x)
    return randomize(keras.Model(image, keras.layers.GlobalAveragePooling2D()(x) if pooled else x))


class KerasTrunkTest(tf.test.TestCase, parameterized.TestCase):
    def _load(self, model: keras.Model, **how) -> Trunk:
        self.path = str(Path(self.get_temp_dir()) / "own.keras")
        model.save(self.path)
        return load_teacher(self.path, SIZE, **how)

    def assert_features(self, trunk: Trunk, layer: keras.Model, pixels: np.ndarray):
        expected = np.asarray(layer(pixels.astype(np.float32), training=False))
        self.assertAllClose(trunk.features(_IMAGES), expected, atol=1e-5, rtol=1e-4)
        # The comparison says something only where features depend on the image.
        self.assertGreater(np.ptp(expected, axis=0).max(), 1e-3)

    @parameterized.parameters(
        ("MobileNetV2", "predictions", (_IMAGES - 127.5) / 127.5),
        # With rescaling of its own, and with a convolution as classifier.
        ("MobileNetV3Small", "logits", _IMAGES),
        ("MobileNet", "conv_preds", (_IMAGES - 127.5) / 127.5),
    )
    def test_classifier_is_taken_off(self, name, classifier, pixels):
        model = mobilenet(name, alpha=0.35 if name == "MobileNetV2" else 0.5)
        flat = keras.layers.Flatten()(model.get_layer(classifier).input)
        trunk = self._load(model)
        self.assert_features(trunk, keras.Model(model.inputs[0], flat), pixels)
        self.assertEqual(trunk.num_features, flat.shape[1])

    def test_backbone_without_pooling_is_averaged(self):
        model = _backbone(pooled=False)
        average = keras.layers.GlobalAveragePooling2D()(model.output)
        trunk = self._load(model)
        self.assert_features(trunk, keras.Model(model.inputs, average), _IMAGES / 127.5 - 1.0)

    @parameterized.parameters({"arithmetic": False}, {"arithmetic": True})
    def test_own_net_around_a_backbone(self, arithmetic):
        backbone = _backbone()
        image = keras.Input((SIZE, SIZE, 3))
        x = image / 255 if arithmetic else keras.layers.Rescaling(1 / 255)(image)
        x = keras.layers.Dropout(0.5)(backbone(x))
        logits = keras.layers.Dense(3)(x)
        trunk = self._load(randomize(keras.Model(image, keras.layers.Softmax()(logits))))
        self.assert_features(trunk, keras.Model(image, x), _IMAGES)

    def test_sequential_of_grey_images(self):
        body = _backbone(channels=1)
        head = [keras.layers.Dropout(0.1), keras.layers.Dense(5, activation="softmax")]
        trunk = self._load(keras.Sequential([keras.Input((SIZE, SIZE, 1)), body, *head]))
        # Luma, rounded.
        luma = (_IMAGES.astype(np.uint32) @ np.array([19595, 38470, 7471]) + (1 << 15)) >> 16
        self.assert_features(trunk, body, luma[..., np.newaxis] / 127.5 - 1.0)

    def test_any_size(self):
        backbone = _backbone(size=None)
        self.assertEqual(self._load(backbone).resolution, 128)
        self.assertEqual(self._load(backbone, resolution=96).resolution, 96)
        self.assertEqual(
            [resolution_for(size) for size in (16, 64, 65, 96, 300)], [128, 128, 160, 192, 224]
        )

    def test_fingerprint_is_of_the_weights(self):
        model = _backbone()
        first = self._load(model).fingerprint
        model.get_layer("first").bias.assign_add(np.ones(8))
        self.assertNotEqual(self._load(model).fingerprint, first)

    def test_other_size_than_asked_for(self):
        with self.assertRaisesRegex(
            TofaError, f"teacher_resolution is 128: the teacher .* takes images of {SIZE} pixels"
        ):
            self._load(_backbone(), resolution=128)

    @parameterized.parameters(
        (keras.Input((7,)), r"takes no images of ours: its input is \(7,\)"),
        (keras.Input((32, 48, 3)), r"takes no images of ours: its input is \(32, 48, 3\)"),
        (keras.Input((32, 32, 4)), r"takes no images of ours: its input is \(32, 32, 4\)"),
        (keras.Input((128, 128, 3)), r"is not pooled: an image has features of shape \(49152,\)"),
    )
    def test_no_teacher_of_ours(self, image, message):
        classes = keras.layers.Dense(2)(keras.layers.Flatten()(image))
        with self.assertRaisesRegex(TofaError, message):
            self._load(keras.Model(image, classes))

    def test_two_inputs(self):
        inputs = [keras.Input((8, 8, 3)), keras.Input((8, 8, 3))]
        model = keras.Model(inputs, keras.layers.Add()(inputs))
        with self.assertRaisesRegex(TofaError, r"is \(8, 8, 3\) and \(8, 8, 3\)"):
            self._load(model)

    def test_what_is_no_number_is_said(self):
        image = keras.Input((SIZE, SIZE, 3))
        conv = keras.layers.Conv2D(2, 3, 8)
        model = keras.Model(image, keras.layers.GlobalAveragePooling2D()(conv(image)))
        conv.bias.assign(np.full(2, np.nan))
        with self.assertRaisesRegex(TofaError, "own.keras computes numbers that are not finite"):
            self._load(model).features(_IMAGES)

    @parameterized.parameters(
        ("resnet", "unknown teacher 'resnet'; wanted efficientnet_lite0, a .keras file, or none"),
        ("none.keras", "there is no model file none.keras"),
    )
    def test_what_cannot_be_loaded(self, what, message):
        with self.assertRaisesRegex(TofaError, message):
            load_teacher(what, 32)

    def test_file_that_would_run_code_or_is_damaged(self):
        path = Path(self.get_temp_dir()) / "evil.keras"
        image = keras.Input((8, 8, 3))
        keras.Model(image, keras.layers.Lambda(lambda x: x)(image)).save(path)
        with self.assertRaisesRegex(TofaError, "Lambda"):
            load_teacher(str(path), 32)
        path.write_bytes(path.read_bytes()[:300])
        with self.assertRaisesRegex(TofaError, "evil.keras is damaged or not a Keras model"):
            load_teacher(str(path), 32)

    def test_none(self):
        self.assertIsNone(load_teacher("none", 32))


if __name__ == "__main__":
    tf.test.main()
