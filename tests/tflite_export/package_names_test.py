import subprocess
import sys

from absl.testing import absltest

import tflite_export

_IMPORT = """
import sys, time
start = time.perf_counter()
import tflite_export
print(time.perf_counter() - start)
print(sorted({"tensorflow", "keras", "numpy", "PIL"} & set(sys.modules)))
from tflite_export import InputSpec, image_spec
print(sorted({"tensorflow", "keras"} & set(sys.modules)))
"""


class PackageTest(absltest.TestCase):
    def test_every_name_is_there_whatever_was_imported_before(self):
        for name in tflite_export.__all__:
            self.assertEqual(getattr(tflite_export, name).__name__, name)
        self.assertTrue(callable(tflite_export.export_model))
        self.assertEqual(dir(tflite_export), tflite_export.__all__)

    def test_unknown_name(self):
        with self.assertRaisesRegex(AttributeError, "no attribute 'export_modle'"):
            tflite_export.export_modle  # noqa: B018

    def test_importing_loads_nothing_and_prints_nothing(self):
        done = subprocess.run(
            [sys.executable, "-c", _IMPORT], capture_output=True, text=True, check=True
        )
        seconds, loaded, later = done.stdout.splitlines()
        self.assertLess(float(seconds), 0.3)
        self.assertEqual((loaded, later, done.stderr), ("[]", "[]", ""))


if __name__ == "__main__":
    absltest.main()
