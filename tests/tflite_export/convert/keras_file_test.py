import pathlib
import zipfile

import keras
import numpy as np
import tensorflow as tf
import tf_keras
from absl.testing import parameterized

from tests.tflite_export.models import mobile_net, random_images
from tflite_export.common.errors import ExportError
from tflite_export.convert.keras_file import load_model


class LoadModelTest(tf.test.TestCase, parameterized.TestCase):
    def setUp(self):
        super().setUp()
        self.folder = pathlib.Path(self.get_temp_dir())

    @parameterized.parameters((keras, "m.keras"), (keras, "m.h5"), (tf_keras, "m.h5"))
    def test_loads_what_either_keras_saved(self, namespace, name):
        model = mobile_net(namespace)
        model.save(self.folder / name)
        images = random_images(3)
        self.assertAllClose(
            load_model(self.folder / name)(images, training=False),
            model(images, training=False),
            atol=1e-5,
        )

    def _refused(self, name: str, message: str):
        with self.assertRaisesRegex(ExportError, message):
            load_model(self.folder / name)

    def test_missing_and_folder(self):
        self._refused("nothing.keras", "there is no model file")
        (self.folder / "saved").mkdir()
        self._refused("saved", "is a folder; a .keras or .h5")

    @parameterized.parameters("m.keras", "m.h5")
    def test_foreign_content(self, name):
        (self.folder / name).write_bytes(b"not a model" * 100)
        self._refused(name, "damaged or not a Keras model")

    @parameterized.parameters("m.keras", "m.h5")
    def test_cut_short(self, name):
        mobile_net(keras).save(self.folder / name)
        whole = (self.folder / name).read_bytes()
        (self.folder / name).write_bytes(whole[: len(whole) // 2])
        self._refused(name, "m.keras is damaged" if name == "m.keras" else "cannot load|damaged")

    def test_zip_of_something_else(self):
        with zipfile.ZipFile(self.folder / "m.keras", "w") as file:
            file.writestr("readme.txt", "no model")
        self._refused("m.keras", "cannot load .*m.keras with keras")

    def test_other_suffix(self):
        np.save(self.folder / "m.npy", np.zeros(3))
        self._refused("m.npy", "is not a Keras model: a .keras or .h5")

    @parameterized.parameters("m.keras", "m.h5")
    def test_unknown_layer(self, name):
        class Strange(keras.layers.Layer):
            def call(self, inputs):
                return inputs

        keras.Sequential([keras.layers.Input((4,)), Strange()]).save(self.folder / name)
        self._refused(name, "contains 'Strange', which is not a layer of Keras")

    def test_code_is_not_run(self):
        model = keras.Sequential([keras.layers.Input((4,)), keras.layers.Lambda(lambda x: x + 1)])
        model.save(self.folder / "m.keras")
        self._refused("m.keras", "Lambda layer, which is code")


if __name__ == "__main__":
    tf.test.main()
