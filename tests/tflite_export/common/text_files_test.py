import os
import tempfile
from pathlib import Path

from absl.testing import absltest

from tflite_export.common.text_files import read_text


class TextFilesTest(absltest.TestCase):
    def setUp(self):
        super().setUp()
        self.file = Path(self.enterContext(tempfile.TemporaryDirectory())) / "a.txt"

    def test_what_is_no_larger_is_read(self):
        self.file.write_bytes(b"\xef\xbb\xbfcaf\xc3\xa9")
        self.assertEqual(read_text(self.file, 8, "utf-8-sig"), "caf\xe9")
        with self.assertRaisesRegex(OSError, "it is larger than 0 MiB"):
            read_text(self.file, 7)

    def test_no_more_than_that_is_read(self):
        with self.file.open("wb") as file:
            file.truncate(1 << 40)
        with self.assertRaisesRegex(OSError, "it is larger than 1 MiB"):
            read_text(self.file)

    def test_what_has_no_end_is_refused(self):
        os.mkfifo(self.file)
        for path in (self.file, Path("/dev/zero")):
            with self.assertRaisesRegex(OSError, "it is no regular file"):
                read_text(path)
        with self.assertRaisesRegex(OSError, "Is a directory"):
            read_text(self.file.parent)

    def test_bytes_that_are_no_text(self):
        self.file.write_bytes(b"caf\xe9")
        with self.assertRaises(ValueError):
            read_text(self.file)
        self.assertEqual(read_text(self.file, errors="replace"), "caf\ufffd")


if __name__ == "__main__":
    absltest.main()
