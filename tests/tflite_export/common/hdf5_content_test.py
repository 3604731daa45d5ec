from pathlib import Path

import h5py
import numpy as np
import tensorflow as tf
from absl.testing import parameterized

from tflite_export.common.hdf5_content import content_of


class Hdf5ContentTest(tf.test.TestCase, parameterized.TestCase):
    def _content(self, fill) -> tuple[int, str]:
        with h5py.File(Path(self.get_temp_dir(), "file.h5"), "w") as file:
            file["a/kernel"] = np.zeros((3, 5), np.float32)
            fill(file)
            return content_of(file)

    def test_bytes_are_those_that_arrays_take_and_not_those_on_the_disk(self):
        def fill(file: h5py.File) -> None:
            file.create_dataset("never_written", (1000, 1000), np.float64)
            file["text"] = np.bytes_("four")

        self.assertEqual(self._content(fill), (60 + 8_000_000 + 4, ""))

    @parameterized.parameters(h5py.ExternalLink("other.h5", "/b"), h5py.SoftLink("/a/kernel"))
    def test_links_are_named(self, link):
        self.assertEqual(self._content(lambda file: file.__setitem__("b", link))[1], "b")

    def test_arrays_in_other_files_are_named(self):
        def external(file: h5py.File) -> None:
            file.create_dataset("b", (4,), np.uint8, external=[("/etc/hostname", 0, 4)])

        def virtual(file: h5py.File) -> None:
            layout = h5py.VirtualLayout((4,), np.uint8)
            layout[:] = h5py.VirtualSource("other.h5", "b", (4,))
            file.create_virtual_dataset("b", layout)

        for fill in (external, virtual):
            self.assertEqual(self._content(fill)[1], "b")


if __name__ == "__main__":
    tf.test.main()
