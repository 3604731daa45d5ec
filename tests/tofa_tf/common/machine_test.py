import os
import tempfile
from pathlib import Path
from unittest import mock

from absl.testing import absltest

from tofa_tf.common import machine


class MachineTest(absltest.TestCase):
    def test_memory_is_that_of_the_machine_or_of_its_container(self):
        pages = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        for content, expected in (("max\n", pages), ("1048576\n", 2**20), (f"{2**62}\n", pages)):
            (folder / "max").write_text(content)
            bounds = (str(folder / "max"), str(folder / "missing"))
            with mock.patch.object(machine, "_BOUNDS", bounds):
                self.assertEqual(machine.memory_bytes(), expected)

    def test_one_line_names_the_processor_and_its_cores(self):
        self.assertRegex(machine.describe_machine(), r"^.+, \d+ cores$")


if __name__ == "__main__":
    absltest.main()
