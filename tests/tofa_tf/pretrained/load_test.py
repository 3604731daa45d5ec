from pathlib import Path

import keras
import tensorflow as tf
from absl.testing import parameterized

from tests.tofa_tf.pretrained.keras_models import mobilenet
from tests.tofa_tf.spaces_for_tests import KERAS_LIKE, OFA_LIKE
from tflite_export.common.errors import TofaError
from tofa_tf.common.errors import UserError
from tofa_tf.nets.supernet import Supernet
from tofa_tf.nets.weights_file import save_weights
from tofa_tf.pretrained.keras_mobilenet import from_keras
from tofa_tf.pretrained.load import load_pretrained, resolve_pretrained
from tofa_tf.pretrained.names import DEFAULT, NONE
from tofa_tf.space.presets import get_space


class LoadTest(tf.test.TestCase, parameterized.TestCase):
    def setUp(self):
        super().setUp()
        self.folder = Path(self.get_temp_dir())

    def test_model_by_name(self):
        what = "keras:MobileNetV2,alpha=0.35,resolution=96,weights=none"
        supernet = load_pretrained(what, 7, OFA_LIKE)
        self.assertEqual(supernet.num_classes, 7)
        self.assertEqual(supernet.space.max_arch.resolution, 96)
        self.assertEqual(supernet.space.stages[-1].widths, (80, 112))

    def test_keras_file(self):
        model = mobilenet("MobileNetV3Small", minimalistic=True)
        path = self.folder / "own.keras"
        model.save(path)
        supernet, expected = load_pretrained(str(path), 20, OFA_LIKE), from_keras(model)
        self.assertEqual(supernet.space, expected.space)
        for a, b in zip(supernet.weights, expected.weights, strict=True):
            self.assertAllEqual(a, b)
        path.write_bytes(path.read_bytes()[:5000])
        with self.assertRaisesRegex(TofaError, "own.keras is damaged or not a Keras model"):
            load_pretrained(str(path), 20, OFA_LIKE)

    def test_other_keras_model_is_named(self):
        path = self.folder / "dense.keras"
        keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)]).save(path)
        with self.assertRaisesRegex(UserError, "dense.keras: "):
            load_pretrained(str(path), 20, OFA_LIKE)

    @parameterized.parameters(("mcu", 202), ("mcu_wide", 200))
    def test_shipped_weights(self, name, num_classes):
        self.assertEqual(resolve_pretrained(DEFAULT, name), "tiny_imagenet")
        self.assertEqual(resolve_pretrained("some.weights.h5", name), "some.weights.h5")
        supernet = load_pretrained("tiny_imagenet", 10, get_space(name))
        self.assertEqual(supernet.num_classes, 10)
        self.assertEqual(
            load_pretrained("tiny_imagenet", None, get_space(name)).num_classes, num_classes
        )

    def test_a_space_without_shipped_weights_starts_from_none(self):
        self.assertEqual(resolve_pretrained(DEFAULT, "attentive_nas"), NONE)

    @parameterized.parameters(4, 9)
    def test_weights_of_a_supernet(self, num_classes):
        saved = Supernet(OFA_LIKE, 4)
        saved.build()
        path = self.folder / "supernet.weights.h5"
        save_weights(saved, path)
        supernet = load_pretrained(str(path), num_classes, OFA_LIKE)
        self.assertEqual(supernet.num_classes, num_classes)
        for a, b in zip(supernet.weights, saved.weights, strict=True):
            if num_classes == 4 or "classifier" not in a.path:
                self.assertAllEqual(a, b)
        with self.assertRaisesRegex(UserError, "holds no weights of a keras_like supernet"):
            load_pretrained(str(path), 4, KERAS_LIKE)
        path.write_bytes(path.read_bytes()[:-100])
        with self.assertRaisesRegex(UserError, "holds no weights of a ofa_like supernet"):
            load_pretrained(str(path), 4, OFA_LIKE)

    @parameterized.parameters(
        ("imagenet", "unknown pretrained weights 'imagenet'; wanted tiny_imagenet, keras:NAME"),
        (
            "keras:ResNet50",
            "unknown model 'ResNet50'; available: MobileNet, MobileNetV2, ",
        ),
        ("keras:MobileNetV2,alpha=big", "option 'alpha=big'; wanted alpha=NUMBER"),
        ("keras:MobileNetV2,beta=1", "option 'beta=1'; wanted alpha=NUMBER"),
        ("keras:MobileNetV2,alpha=0.4", "cannot make keras:MobileNetV2,alpha=0.4: If imagenet"),
        ("none.keras", "there is no model file none.keras"),
        ("tiny_imagenet", "of the search spaces mcu, mcu_wide, not of ofa_like: choose"),
        ("none.weights.h5", "there is no file none.weights.h5"),
    )
    def test_what_cannot_be_loaded(self, what, message):
        with self.assertRaisesRegex(TofaError, message):
            load_pretrained(what, 3, OFA_LIKE)


if __name__ == "__main__":
    tf.test.main()
