import numpy as np
import tensorflow as tf

from tflite_export.common.versions import OF_MODELS, versions_of


class VersionsTest(tf.test.TestCase):
    def test_what_is_installed_has_its_version(self):
        versions = versions_of(["numpy", "no-such-package", "tensorflow"])
        self.assertEqual(list(versions), ["numpy", "tensorflow"])
        self.assertEqual(versions["numpy"], np.__version__)

    def test_all_that_models_are_made_with_is_there(self):
        self.assertEqual(tuple(versions_of(OF_MODELS)), OF_MODELS)


if __name__ == "__main__":
    tf.test.main()
