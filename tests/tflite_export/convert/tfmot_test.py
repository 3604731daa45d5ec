import subprocess
import sys

import tensorflow as tf


class TfmotTest(tf.test.TestCase):
    def test_keras_cv_can_be_imported_after_it(self):
        program = "import os, tflite_export.convert.fake_quant, keras_cv, keras\n"
        program += "assert 'TF_USE_LEGACY_KERAS' not in os.environ\n"
        program += "assert issubclass(keras_cv.layers.AutoContrast, keras.layers.Layer)"
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)


if __name__ == "__main__":
    tf.test.main()
