"""EfficientNet-Lite0 against TensorFlow's own operations on the tensors of the checkpoint."""

import dataclasses
from pathlib import Path
from unittest import mock

import numpy as np
import sklearn.datasets
import tensorflow as tf
from PIL import Image

from tflite_export.preprocess import crop_resize
from tofa_tf.common.errors import UserError
from tofa_tf.pretrained.state_dict import import_state_dict
from tofa_tf.pretrained.torch_file import read_state_dict
from tofa_tf.space.plan import encode
from tofa_tf.teacher import lite0
from tofa_tf.teacher.lite0 import load_lite0

# Of the 16 blocks.
_STRIDES = (1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1, 1, 1, 1)
_SHORTCUTS = (0, 0, 1, 0, 1, 0, 1, 1, 0, 1, 1, 0, 1, 1, 1, 0)


class _Reference:
    """The net by the names of the checkpoint."""

    def __init__(self, tensors: dict[str, np.ndarray]):
        self.tensors = tensors

    def pooled(self, pixels: np.ndarray) -> tf.Tensor:
        x = (tf.cast(pixels, tf.float32) - 127.0) / 128.0
        x = tf.nn.relu6(self._norm("_bn0", self._conv("_conv_stem", x, 2)))
        for index, (stride, shortcut) in enumerate(zip(_STRIDES, _SHORTCUTS, strict=True)):
            y, key = x, f"_blocks.{index}"
            if f"{key}._expand_conv.weight" in self.tensors:
                y = tf.nn.relu6(self._norm(f"{key}._bn0", self._conv(f"{key}._expand_conv", y)))
            kernel = self.tensors[f"{key}._depthwise_conv.weight"].transpose(2, 3, 0, 1)
            y = tf.nn.depthwise_conv2d(y, kernel, (1, stride, stride, 1), "SAME")
            y = tf.nn.relu6(self._norm(f"{key}._bn1", y))
            y = self._norm(f"{key}._bn2", self._conv(f"{key}._project_conv", y))
            x = x + y if shortcut else y
        x = tf.nn.relu6(self._norm("_bn1", self._conv("_conv_head", x)))
        return tf.reduce_mean(x, (1, 2))

    def logits(self, pixels: np.ndarray) -> np.ndarray:
        return self.pooled(pixels) @ self.tensors["_fc.weight"].T + self.tensors["_fc.bias"]

    def _conv(self, key: str, x: tf.Tensor, stride: int = 1) -> tf.Tensor:
        kernel = self.tensors[f"{key}.weight"].transpose(2, 3, 1, 0)
        return tf.nn.conv2d(x, kernel, stride, "SAME")

    def _norm(self, key: str, x: tf.Tensor) -> tf.Tensor:
        scale, offset, mean, variance = (
            self.tensors[f"{key}.{name}"]
            for name in ("weight", "bias", "running_mean", "running_var")
        )
        return (x - mean) / np.sqrt(variance + 1e-3) * scale + offset


def _photographs(size: int) -> np.ndarray:
    """A Chinese palace and a flower, from scikit-learn."""
    images = sklearn.datasets.load_sample_images().images
    return np.stack([crop_resize(image, size, size) for image in images])


class Lite0Test(tf.test.TestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tensors = read_state_dict(lite0._checkpoint())
        cls.reference = _Reference(cls.tensors)
        cls.trunk = load_lite0(128)

    def test_supernet_computes_what_the_checkpoint_does_and_knows_what_it_sees(self):
        supernet = import_state_dict("efficientnet_lite0", self.tensors)
        images, space = _photographs(224), supernet.space
        normalised = (images - np.float32(space.pixel_mean)) / np.float32(space.pixel_std)
        logits = supernet(normalised, encode(space, space.max_arch))
        expected = self.reference.logits(images)
        self.assertAllClose(logits, expected, atol=1e-3, rtol=1e-3)
        # Of ImageNet's classes: palace, daisy.
        self.assertAllEqual(np.argmax(logits, axis=1), [698, 985])

    def test_features_of_images_of_any_size(self):
        trunk = self.trunk
        self.assertEqual((trunk.resolution, trunk.num_features), (128, 1280))
        expected = self.reference.pooled(_photographs(128))
        self.assertAllClose(trunk.features(_photographs(128)), expected, atol=1e-4, rtol=1e-3)
        small = _photographs(32)
        enlarged = np.stack(
            [
                Image.fromarray(image).resize((128, 128), Image.Resampling.BILINEAR)
                for image in small
            ]
        )
        expected = self.reference.pooled(enlarged)
        self.assertAllClose(trunk.features(small), expected, atol=1e-4, rtol=1e-3)
        # One channel stands for three equal ones.
        grey = small[..., :1]
        self.assertAllClose(
            trunk.features(grey), trunk.features(np.repeat(grey, 3, axis=3)), atol=1e-5
        )

    def test_licence_and_what_it_has_seen_are_said(self):
        self.assertIn("Apache-2.0", self.trunk.notice)
        self.assertIn("ImageNet", self.trunk.notice)

    def test_fingerprint_tells_what_features_depend_on(self):
        self.assertStartsWith(self.trunk.fingerprint, "57934424")
        self.assertNotEqual(load_lite0(96).fingerprint, self.trunk.fingerprint)

    def test_without_the_package(self):
        for found in (None, dataclasses.make_dataclass("Spec", ["origin"])(str(Path("/no/x.py")))):
            with (
                mock.patch("importlib.util.find_spec", return_value=found),
                self.assertRaisesRegex(UserError, r"pip install 'tofa-tf\[teacher\]'"),
            ):
                load_lite0(128)

    def test_other_resolution(self):
        with self.assertRaisesRegex(UserError, "resolution 100 is not one of 96, 128"):
            load_lite0(100)


if __name__ == "__main__":
    tf.test.main()
