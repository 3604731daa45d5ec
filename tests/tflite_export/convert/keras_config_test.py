import json
import pathlib
import zipfile

import h5py
import numpy as np
import tensorflow as tf
import tf_keras
from absl.testing import parameterized

from tests.tflite_export.models import mobile_net
from tflite_export.common.errors import ExportError
from tflite_export.convert.keras_config import check_harmless, foreign_class, read_config

_PATH = pathlib.Path("m.h5")


def _model(**part) -> dict:
    """Returns a configuration with one more object somewhere deep in a layer."""
    layer = {"class_name": "Dense", "config": {"name": "d", "anything": [{"deep": part}]}}
    return {"class_name": "Sequential", "config": {"layers": [layer]}}


class ReadConfigTest(tf.test.TestCase, parameterized.TestCase):
    def setUp(self):
        super().setUp()
        self.path = pathlib.Path(self.get_temp_dir()) / "m"

    def _archive(self, **members: str) -> pathlib.Path:
        with zipfile.ZipFile(self.path, "w", zipfile.ZIP_DEFLATED) as file:
            for name, content in members.items():
                file.writestr(f"{name}.json", content)
        return self.path

    def test_archive(self):
        self.assertEqual(read_config(self._archive(config="[1]"), is_archive=True), [1])

    def test_hdf5(self):
        with h5py.File(self.path, "w") as file:
            file.attrs["model_config"] = json.dumps({"class_name": "Model"})
        self.assertEqual(read_config(self.path, is_archive=False), {"class_name": "Model"})

    @parameterized.parameters(
        ({}, "no config.json"),
        ({"config": "{"}, "is no JSON"),
        ({"config": "[" * 100_000}, "nested too deep"),
    )
    def test_unfit_archive(self, members, message):
        with self.assertRaisesRegex(ExportError, message):
            read_config(self._archive(**members), is_archive=True)

    def test_weights_alone(self):
        with h5py.File(self.path, "w") as file:
            file["kernel"] = np.zeros(3)
        with self.assertRaisesRegex(ExportError, "holds weights at most"):
            read_config(self.path, is_archive=False)

    def test_archive_that_would_fill_the_memory_is_refused_by_what_it_declares(self):
        self._archive(config=" " * (70 << 20))
        self.assertLess(self.path.stat().st_size, 100_000)
        with self.assertRaisesRegex(ExportError, "its configuration would take 70 MiB, more than"):
            read_config(self.path, is_archive=True)

    def test_hdf5_that_would_fill_the_memory(self):
        with h5py.File(self.path, "w") as file:
            file.create_dataset("w/kernel", (1 << 20, 1 << 12), np.float32, chunks=(1, 1 << 12))
            file.attrs["model_config"] = "{}"
        with self.assertRaisesRegex(ExportError, "its content would take 16384 MiB"):
            read_config(self.path, is_archive=False)

    def test_virtual_data(self):
        layout = h5py.VirtualLayout((4,), np.float32)
        layout[:] = h5py.VirtualSource("elsewhere.h5", "kernel", (4,))
        with h5py.File(self.path, "w") as file:
            file.create_virtual_dataset("w/kernel", layout)
            file.attrs["model_config"] = "{}"
        with self.assertRaisesRegex(ExportError, "'w/kernel' in it is a link elsewhere"):
            read_config(self.path, is_archive=False)


class CheckHarmlessTest(tf.test.TestCase, parameterized.TestCase):
    def test_usual_model(self):
        config = json.loads(mobile_net(tf_keras).to_json())
        check_harmless(config, _PATH)
        self.assertEqual(foreign_class(config, tf_keras), "")

    @parameterized.parameters(
        ({"class_name": "Lambda", "config": {"name": "x"}}, "the Lambda layer 'x', which is code"),
        ({"class_name": "__lambda__", "config": {}}, "the __lambda__ layer, which is code"),
        ({"class_name": "SlicingOpLambda", "config": None}, "SlicingOpLambda layer, which is"),
        ({"class_name": "TFSMLayer", "config": {"name": "y"}}, "layer 'y' of class TFSMLayer"),
        ({"class_name": "StringLookup", "config": {}}, "class StringLookup, which reads other"),
    )
    def test_refused_wherever_it_hides(self, part, message):
        with self.assertRaisesRegex(ExportError, f"m.h5: .*{message}"):
            check_harmless(_model(**part), _PATH)


class ForeignClassTest(tf.test.TestCase, parameterized.TestCase):
    @parameterized.parameters(
        ({"class_name": "Conv2D"}, ""),
        ({"class_name": "Zeros", "module": "keras.initializers"}, ""),
        ({"class_name": "function", "config": "relu", "module": "builtins"}, ""),
        ({"class_name": "Conv2D", "module": "kerasx"}, "Conv2D"),
        ({"class_name": "get_file", "module": "keras.utils"}, "get_file"),
        ({"class_name": "function", "config": "get_file", "module": "keras.utils"}, "get_file"),
        ({"class_name": "function", "config": "eval", "module": "builtins"}, "eval"),
        ({"class_name": "Strange"}, "Strange"),
        ({"class_name": ["Conv2D"]}, "['Conv2D']"),
    )
    def test_names(self, part, expected):
        self.assertEqual(foreign_class(_model(**part), tf_keras), expected)


if __name__ == "__main__":
    tf.test.main()
