import json
import pathlib
import sys
import zipfile
from collections.abc import Callable
from typing import Any
from unittest import mock

import h5py
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
        self._refused("m.keras", "m.keras is damaged or not .*there is no config.json in it")

    def test_weights_that_no_memory_holds(self):
        layers = keras.layers
        keras.Sequential([layers.Input((4,)), layers.Dense(2)]).save(self.folder / "small.keras")
        with (
            zipfile.ZipFile(self.folder / "small.keras") as small,
            zipfile.ZipFile(self.folder / "m.keras", "w") as huge,
        ):
            for name in small.namelist():
                units = b'"units": 100000000000'
                huge.writestr(name, small.read(name).replace(b'"units": 2', units))
        self._refused("m.keras", "cannot load .*m.keras with keras: .")

    def test_memory_that_is_used_up(self):
        mobile_net(keras).save(self.folder / "m.keras")
        with mock.patch.object(keras.models, "load_model", side_effect=MemoryError):
            self._refused("m.keras", "cannot load .*m.keras with keras: MemoryError")

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

    @parameterized.parameters((keras, "m.keras"), (keras, "m.h5"), (tf_keras, "m.h5"))
    def test_code_is_not_run(self, namespace, name):
        marker = self.folder / "marker"
        # Building the layer runs the function once to find the shape of its output.
        command = f"import pathlib; pathlib.Path({str(marker)!r}).touch()"
        layers = namespace.layers
        model = namespace.Sequential(
            [layers.Input((4,)), layers.Lambda(lambda x: (exec(command), x)[1], name="mine")]
        )
        model.save(self.folder / name)
        marker.unlink()
        self._refused(name, "Lambda layer 'mine', which is code")
        self.assertFalse(marker.exists())

    def test_functions_by_name_are_not_called(self):
        inputs = tf_keras.Input((4,))
        tf_keras.Model(inputs, tf.abs(inputs)).save(self.folder / "m.h5")
        self._refused("m.h5", "TFOpLambda layer 'tf.math.abs', which is code")

    def test_other_modules_are_not_imported(self):
        (self.folder / "strange_module.py").write_text(
            f"import pathlib; pathlib.Path({str(self.folder / 'marker')!r}).touch()"
        )
        activation = {
            "class_name": "run", "config": {}, "module": "strange_module", "registered_name": "run"
        }  # fmt: skip
        self._save_with("m.h5", lambda layers: layers[1]["config"].update(activation=activation))
        sys.path.insert(0, str(self.folder))
        self.addCleanup(sys.path.remove, str(self.folder))
        self._refused("m.h5", "cannot load")
        self.assertFalse((self.folder / "marker").exists())

    def test_file_that_is_an_archive_too_is_checked_as_what_it_is_loaded_as(self):
        tf_keras.Sequential(
            [tf_keras.layers.Input((4,)), tf_keras.layers.Lambda(lambda x: x, name="mine")]
        ).save(self.folder / "m.h5")
        with zipfile.ZipFile(self.folder / "m.h5", "a") as file:
            file.writestr("config.json", "{}")
        self.assertTrue(zipfile.is_zipfile(self.folder / "m.h5"))
        self._refused("m.h5", "Lambda layer 'mine', which is code")

    def test_other_files_are_not_read(self):
        secret = self.folder / "secret.h5"
        with h5py.File(secret, "w") as file:
            file["kernel"] = np.zeros((4, 2), np.float32)
        self._save_with("m.h5", lambda layers: None)
        with h5py.File(self.folder / "m.h5", "a") as file:
            file["model_weights/stolen"] = h5py.ExternalLink(str(secret), "kernel")
        self._refused("m.h5", "'model_weights/stolen' in it is a link elsewhere")

    def _save_with(self, name: str, change: Callable[[list[dict[str, Any]]], None]):
        """Saves a model with a changed configuration of its layers."""
        layers = tf_keras.layers
        tf_keras.Sequential([layers.Input((4,)), layers.Dense(2)]).save(self.folder / name)
        with h5py.File(self.folder / name, "a") as file:
            config = json.loads(file.attrs["model_config"])
            change(config["config"]["layers"])
            file.attrs["model_config"] = json.dumps(config)


if __name__ == "__main__":
    tf.test.main()
