import os
import tempfile
from pathlib import Path
from unittest import mock

from absl.testing import absltest

from tflite_export.common import memory


class MemoryTest(absltest.TestCase):
    def test_memory_is_that_of_the_machine_or_of_its_container(self):
        pages = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        for content, expected in (("max\n", pages), ("1048576\n", 2**20), (f"{2**62}\n", pages)):
            (folder / "max").write_text(content)
            bounds = (str(folder / "max"), str(folder / "missing"))
            with mock.patch.object(memory, "_BOUNDS", bounds):
                self.assertEqual(memory.memory_bytes(), expected)


if __name__ == "__main__":
    absltest.main()
