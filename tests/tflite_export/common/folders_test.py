import os
import pathlib

import tensorflow as tf

from tflite_export.common.errors import ExportError
from tflite_export.common.folders import new_folder


class NewFolderTest(tf.test.TestCase):
    def setUp(self):
        super().setUp()
        self.parent = pathlib.Path(self.get_temp_dir())
        self.path = self.parent / "out"

    def _write(self, text: str, overwrite: bool = False):
        with new_folder(self.path, overwrite=overwrite, marker="report.json") as new:
            (new / "report.json").write_text(text)

    def _refused(self, message: str, overwrite: bool = False):
        before = sorted(self.parent.rglob("*"))
        with self.assertRaisesRegex(ExportError, message):
            self._write("new", overwrite)
        self.assertEqual(sorted(self.parent.rglob("*")), before)

    def test_appears_complete_with_parents(self):
        path = self.path / "a" / "b"
        with new_folder(path, overwrite=False, marker="report.json") as new:
            (new / "x").write_text("1")
            self.assertFalse(path.exists())
        self.assertEqual((path / "x").read_text(), "1")
        self.assertEqual(os.listdir(path.parent), ["b"])

    def test_an_error_leaves_nothing(self):
        with (
            self.assertRaises(KeyError),
            new_folder(self.path, overwrite=False, marker="report.json") as new,
        ):
            (new / "x").write_text("1")
            raise KeyError
        self.assertEqual(os.listdir(self.parent), [])

    def test_an_error_keeps_what_was_to_be_overwritten(self):
        self._write("old")
        with (
            self.assertRaises(KeyError),
            new_folder(self.path, overwrite=True, marker="report.json"),
        ):
            raise KeyError
        self.assertEqual((self.path / "report.json").read_text(), "old")
        self.assertEqual(os.listdir(self.parent), ["out"])

    def test_overwrites_only_when_allowed(self):
        self._write("old")
        self._refused("exists; name another folder or allow to overwrite")
        self._write("new", overwrite=True)
        self.assertEqual((self.path / "report.json").read_text(), "new")
        self.assertEqual(os.listdir(self.parent), ["out"])

    def test_never_overwrites_somebody_elses_folder(self):
        self.path.mkdir()
        (self.path / "thesis.tex").write_text("years of work")
        self._refused("holds no report.json, so it is not an earlier output", overwrite=True)

    def test_takes_an_empty_folder(self):
        self.path.mkdir()
        self._write("new")
        self.assertEqual((self.path / "report.json").read_text(), "new")

    def test_path_is_a_file(self):
        self.path.write_text("a file")
        self._refused("is a file; name a folder", overwrite=True)

    def test_parent_is_a_file(self):
        self.parent.joinpath("file").write_text("")
        self.path = self.parent / "file" / "out"
        self._refused("cannot write to")


if __name__ == "__main__":
    tf.test.main()
