import subprocess
import sys

from absl.testing import absltest

_PROGRAM = """
import sys
from tofa_tf.app import plan
plan.COMMAND.main(*plan.COMMAND.parse(["tofa", *sys.argv[1:]]))
print("loaded:", sorted({"tensorflow", "keras"} & sys.modules.keys()))
"""


class PlanTest(absltest.TestCase):
    def test_tables_need_no_tensorflow(self):
        done = self._plan("--num_classes=3", "--boards=esp32s3", "--resolutions=32")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("mcu_wide, RGB, 3 classes", done.stdout)
        self.assertIn("esp32s3", done.stdout)
        self.assertIn("loaded: []", done.stdout)

    def test_nor_does_counting_the_classes_of_a_set(self):
        done = self._plan("digits", "--resolutions=32", "--channels=1")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("mcu_wide, grey, 10 classes", done.stdout)
        self.assertIn("loaded: []", done.stdout)

    def test_nor_does_a_look_at_its_images(self):
        done = self._plan("digits", "--resolutions=32")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("mcu_wide, grey (16 images looked at), 10 classes", done.stdout)
        self.assertIn("loaded: []", done.stdout)

    def _plan(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", _PROGRAM, *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False)


if __name__ == "__main__":
    absltest.main()
