import functools

import keras
import numpy as np
import tensorflow as tf
from absl.testing import parameterized

from tests.tofa_tf.counting import count_macs, count_params
from tests.tofa_tf.pretrained.keras_models import SIZE, mobilenet, pixels, randomize
from tofa_tf.blocks.depthwise_separable import DepthwiseSeparable
from tofa_tf.common.errors import UserError
from tofa_tf.data.sources import load_dataset
from tofa_tf.nets.harvest import harvest
from tofa_tf.nets.supernet import Supernet
from tofa_tf.pretrained.keras_mobilenet import from_keras
from tofa_tf.select.ridge import fit_ridge
from tofa_tf.space.cost import cost
from tofa_tf.space.plan import encode


@functools.cache
def _converted(name: str, **options) -> tuple[keras.Model, Supernet]:
    """A net without softmax and the supernet around it, for tests that leave them as they are."""
    model = mobilenet(name, classifier_activation=None, **options)
    return model, from_keras(model)


@functools.cache
def _softmax() -> tuple[keras.Model, Supernet]:
    model = mobilenet("MobileNetV2", alpha=0.35)
    return model, from_keras(model)


@functools.cache
def _trunk(name: str, alpha: float = 0.35) -> keras.Model:
    return mobilenet(name, alpha=alpha, include_top=False)


def _pooled(trunk: keras.Model, pooling: type[keras.layers.Layer]) -> keras.Model:
    """What `pooling` of `keras.applications` makes of a net without top."""
    return keras.Model(trunk.inputs[0], pooling()(trunk.output))


def _normalized(supernet: Supernet) -> np.ndarray:
    space = supernet.space
    return ((pixels() - space.pixel_mean) / space.pixel_std).astype(np.float32)


def _logits(supernet: Supernet) -> np.ndarray:
    """Of the largest net."""
    return supernet(_normalized(supernet), encode(supernet.space, supernet.space.max_arch)).numpy()


class KerasMobilenetTest(tf.test.TestCase, parameterized.TestCase):
    @parameterized.parameters(
        ("MobileNet", {"alpha": 0.25}),
        ("MobileNetV2", {"alpha": 0.35}),
        ("MobileNetV2", {"alpha": 1.3}),
        ("MobileNetV3Small", {}),
        ("MobileNetV3Small", {"alpha": 0.35}),
        ("MobileNetV3Small", {"minimalistic": True}),
        ("MobileNetV3Small", {"include_preprocessing": False}),
        ("MobileNetV3Large", {}),
    )
    def test_largest_net_computes_what_the_model_computes(self, name, options):
        model, supernet = _converted(name, **options)
        rescales = name.startswith("MobileNetV3") and options.get("include_preprocessing", True)
        images = pixels() if rescales else pixels() / 127.5 - 1.0
        expected = np.asarray(model(images, training=False))
        largest = np.abs(expected).max()
        self.assertLess(np.abs(_logits(supernet) - expected).max() / largest, 1e-4)
        # The comparison says something only where outputs depend on the image.
        self.assertGreater(np.ptp(expected, axis=0).max() / largest, 0.005)
        figures = cost(supernet.space, supernet.space.max_arch, 20)
        self.assertEqual(figures.params, count_params(model))

    def test_harvested_and_counted(self):
        model, supernet = _converted("MobileNetV3Small")
        space = supernet.space
        harvested = harvest(supernet, space.max_arch)
        expected = np.asarray(model(pixels(), training=False))
        self.assertAllClose(harvested(_normalized(supernet)), expected, atol=1e-5, rtol=1e-4)
        self.assertEqual(cost(space, space.max_arch, 20).macs, count_macs(model))
        # Unequal expand ratios: 4.5 and 3.67, then 4, 6, 6; around them half and two thirds.
        self.assertEqual(space.stages[1].block.expands, (2.25, 3.0, 4.5))
        self.assertAllClose(space.stages[2].block.expand_scales, (4 / 6, 1.0, 1.0))
        self.assertEqual(space.stages[2].widths, (24, 40))
        self.assertEqual(space.stages[2].depths, (2, 3))
        self.assertEqual(space.stages[2].block.kernels, (3, 5))
        self.assertEqual(space.resolutions, (32, 64))
        smallest = supernet(_normalized(supernet), encode(space, space.min_arch))
        self.assertEqual(smallest.shape, (3, 20))
        self.assertTrue(np.isfinite(smallest).all())

    def test_space_around_mobilenet_v1(self):
        space = _converted("MobileNet", alpha=0.25)[1].space
        self.assertEqual(space.stem.widths, (8,))
        self.assertEqual(
            [(stage.widths, stage.depths, stage.stride) for stage in space.stages],
            [
                ((8, 16), (1,), 1),
                ((24, 32), (1, 2), 2),
                ((48, 64), (1, 2), 2),
                ((96, 128), (3, 4, 5, 6), 2),
                ((192, 256), (1, 2), 2),
            ],
        )
        self.assertEqual({stage.block for stage in space.stages}, {DepthwiseSeparable((3,))})
        self.assertEqual((space.head.expand, space.pixel_mean), (0, (127.5,) * 3))

    @parameterized.parameters(("MobileNet", 0.25), ("MobileNetV2", 0.35))
    def test_a_ridge_head_is_as_good_on_the_supernet_as_on_the_model(self, name, alpha):
        digits = load_dataset("digits", image_size=SIZE, channels=3)
        labelled, test = digits.train.take(np.arange(70)), digits.test.take(np.arange(70))
        model = _trunk(name, alpha)
        supernet = from_keras(model, num_classes=10)
        harvested = harvest(supernet, supernet.space.max_arch)
        bodies = {
            "model": _pooled(model, keras.layers.GlobalAveragePooling2D),
            "supernet": keras.Model(
                harvested.inputs[0], harvested.get_layer("classifier_flatten").output
            ),
        }
        scores = {}
        for where, body in bodies.items():
            features = [
                np.asarray(body(images / np.float32(127.5) - 1)).reshape(len(images), -1)
                for images in (labelled.images, test.images)
            ]
            scores[where] = fit_ridge(features[0], labelled.labels, 10)(features[1])
        accuracy = {
            where: np.mean(score.argmax(axis=1) == test.labels) for where, score in scores.items()
        }
        self.assertAllClose(scores["supernet"], scores["model"], atol=1e-2)
        self.assertAllClose(accuracy["supernet"], accuracy["model"], atol=0.015)
        # The comparison says something only where scores depend on the image.
        self.assertGreater(np.ptp(scores["model"], axis=0).min(), 0.02)

    def test_softmax_is_left_off(self):
        model, supernet = _softmax()
        expected = np.asarray(model(pixels() / 127.5 - 1.0, training=False))
        self.assertAllClose(keras.ops.softmax(_logits(supernet)), expected, rtol=1e-4)

    def test_net_inside_another_model(self):
        model = keras.Sequential(
            [
                keras.Input((SIZE, SIZE, 3)),
                keras.layers.RandomFlip(),
                keras.layers.Rescaling(1 / 255),
                _pooled(_trunk("MobileNetV2"), keras.layers.GlobalAveragePooling2D),
                keras.layers.Dropout(0.2),
                keras.layers.Dense(3, activation="softmax"),
            ]
        )
        supernet = from_keras(randomize(model))
        self.assertAllClose(supernet.space.pixel_mean, (0.0,) * 3)
        self.assertAllClose(supernet.space.pixel_std, (255.0,) * 3)
        expected = np.asarray(model(pixels(), training=False))
        self.assertAllClose(keras.ops.softmax(_logits(supernet)), expected, rtol=1e-4)

    def test_rescaling_by_plain_arithmetic(self):
        inputs = keras.Input((SIZE, SIZE, 3))
        x = _trunk("MobileNetV2")(keras.applications.mobilenet_v2.preprocess_input(inputs))
        x = keras.layers.GlobalAveragePooling2D()(x)
        model = keras.Model(inputs, keras.layers.Dense(4)(x))
        self.assertAllClose(
            _logits(from_keras(model)), model(pixels(), training=False), atol=1e-5, rtol=1e-4
        )

    @parameterized.parameters({"pooling": None}, {"pooling": keras.layers.GlobalAveragePooling2D})
    def test_without_top(self, pooling):
        trunk = _trunk("MobileNetV3Small")
        model = _pooled(trunk, pooling) if pooling else trunk
        supernet = from_keras(model, num_classes=5)
        features = np.asarray(model(pixels(), training=False))
        if pooling is None:
            features = features.mean(axis=(1, 2))
        # The channels were sorted: the features are the same in another order.
        space = supernet.space
        harvested = harvest(supernet, space.max_arch)
        read = keras.Model(harvested.inputs, harvested.get_layer("classifier_flatten").output)
        computed = np.asarray(read(_normalized(supernet)))
        self.assertAllClose(np.sort(computed), np.sort(features), atol=1e-5, rtol=1e-4)

    def test_without_top_and_classes_there_is_one(self):
        self.assertEqual(from_keras(_trunk("MobileNetV2")).num_classes, 1)

    def test_other_number_of_classes(self):
        model, other = _softmax()
        with self.assertLogs("absl", "INFO") as logs:
            supernet = from_keras(model, num_classes=3)
        self.assertIn("the classifier for 3 classes is new", logs.output[0])
        self.assertEqual(_logits(supernet).shape, (3, 3))
        self.assertAllEqual(supernet.head_conv.conv.kernel, other.head_conv.conv.kernel)

    def test_best_channels_come_first(self):
        _, supernet = _converted("MobileNetV3Large")
        for block in supernet.blocks:
            if "expand" in block.parts:
                norms = np.abs(block.parts["project"].conv.kernel).sum(axis=(0, 1, 3))
                if "se_reduce" in block.parts:
                    norms += np.abs(block.parts["se_reduce"].conv.kernel).sum(axis=(0, 1, 3))
                self.assertAllLessEqual(np.diff(norms), 1e-5)
        norms = np.abs(supernet.classifier.kernel).sum(axis=1)
        self.assertAllLessEqual(np.diff(norms), 1e-5)

    def test_other_models_are_refused(self):
        for model, message in (
            (
                _pooled(_trunk("MobileNetV3Small"), keras.layers.GlobalMaxPooling2D),
                "other pooling than",
            ),
            (
                keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(4, 3)]),
                "not a MobileNetV1, V2 or V3: BatchNormalization expected, the end found",
            ),
            (
                keras.Sequential([keras.Input((8, 8, 3)), keras.layers.LayerNormalization()]),
                "in no ",
            ),
        ):
            with self.assertRaisesRegex(UserError, message):
                from_keras(model, num_classes=5)
        trunk = _pooled(_trunk("MobileNetV2"), keras.layers.GlobalAveragePooling2D)
        dense = [keras.layers.Dense(8, activation="relu") for _ in range(3)]
        with self.assertRaisesRegex(UserError, "3 layers with weights behind its last batch norm"):
            from_keras(keras.Sequential([trunk, *dense]))


if __name__ == "__main__":
    tf.test.main()
