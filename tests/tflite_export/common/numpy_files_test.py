import tempfile
import zipfile
from pathlib import Path
from unittest import mock

import numpy as np
from absl.testing import absltest, parameterized

from tflite_export.common import numpy_files
from tflite_export.common.errors import UserError

_ARRAYS = {"a": np.zeros((512, 512), np.float32), "b": np.arange(3)}


class NumpyFilesTest(parameterized.TestCase):
    def setUp(self):
        super().setUp()
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))

    def _memory(self, size_bytes: int) -> None:
        self.enterContext(mock.patch.object(numpy_files, "memory_bytes", return_value=size_bytes))

    def _saved(self, save) -> Path:
        path = self.folder / "a.npz"
        save(path, **_ARRAYS)
        return path

    @parameterized.parameters(np.savez, np.savez_compressed)
    def test_arrays_that_memory_has_room_for_are_read(self, save):
        self._memory(3 << 20)
        with numpy_files.open_arrays(self._saved(save)) as arrays:
            for name, array in _ARRAYS.items():
                np.testing.assert_array_equal(arrays[name], array)
        np.save(self.folder / "b.npy", _ARRAYS["a"])
        read = numpy_files.open_arrays(self.folder / "b.npy")
        np.testing.assert_array_equal(read, _ARRAYS["a"])

    @parameterized.parameters(np.savez, np.savez_compressed)
    def test_what_unfolds_beyond_half_of_it_is_refused(self, save):
        path = self._saved(save)
        self._memory(2 << 20)
        with (
            mock.patch.object(np, "load") as load,
            self.assertRaisesRegex(UserError, "a.npz is not loaded: .* take 0.000977 GiB"),
        ):
            numpy_files.open_arrays(path)
        load.assert_not_called()

    def test_members_that_are_no_arrays_count_too(self):
        path = self.folder / "a.npz"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("a", bytes(2 << 20))
        self._memory(2 << 20)
        with self.assertRaisesRegex(UserError, "is not loaded"):
            numpy_files.open_arrays(path)


if __name__ == "__main__":
    absltest.main()
