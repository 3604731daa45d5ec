import os
import pathlib
import shutil
import signal
import subprocess
import sys
from unittest import mock

import tensorflow as tf

from tflite_export.common.errors import ExportError
from tflite_export.common.folders import MARKER, FolderKind, is_kind, mark, new_folder, tidy

OUTPUT = FolderKind("output", own=("report.json", "part*"))


class NewFolderTest(tf.test.TestCase):
    def setUp(self):
        super().setUp()
        self.parent = pathlib.Path(self.get_temp_dir())
        self.path = self.parent / "out"

    def _write(self, text: str, overwrite: bool = False, kind: FolderKind = OUTPUT):
        with new_folder(self.path, overwrite=overwrite, kind=kind) as new:
            (new / "report.json").write_text(text)

    def _refused(self, message: str, overwrite: bool = False):
        before = sorted(self.parent.rglob("*"))
        with self.assertRaisesRegex(ExportError, message):
            self._write("new", overwrite)
        self.assertEqual(sorted(self.parent.rglob("*")), before)

    def test_appears_complete_with_parents(self):
        path = self.path / "a" / "b"
        with new_folder(path, overwrite=False, kind=OUTPUT) as new:
            (new / "x").write_text("1")
            self.assertFalse(path.exists())
        self.assertEqual((path / "x").read_text(), "1")
        self.assertTrue(is_kind(path, OUTPUT))
        self.assertEqual(os.listdir(path.parent), ["b"])

    def test_an_error_leaves_nothing(self):
        with (
            self.assertRaises(KeyError),
            new_folder(self.path, overwrite=False, kind=OUTPUT) as new,
        ):
            (new / "x").write_text("1")
            raise KeyError
        self.assertEqual(os.listdir(self.parent), [])

    def test_an_error_keeps_what_was_to_be_overwritten(self):
        self._write("old")
        with (
            self.assertRaises(KeyError),
            new_folder(self.path, overwrite=True, kind=OUTPUT),
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
        for overwrite in (False, True):
            self._refused("out is not empty and holds no output .*name another folder", overwrite)

    def test_never_overwrites_another_kind_that_has_files_of_equal_names(self):
        run = FolderKind("run", own=("report.json", "checkpoint.npz"))
        with new_folder(self.path, overwrite=False, kind=run) as new:
            (new / "report.json").write_text("of the run")
        for overwrite in (False, True):
            self._refused("out holds a run, not an output", overwrite)

    def test_never_overwrites_what_was_added_by_hand(self):
        self._write("old")
        (self.path / "part1").write_text("an output has such a file")
        for name in ("b.txt", "a.txt", "c.txt"):
            (self.path / name).write_text("mine")
        self._refused("also holds 'a.txt', 'b.txt' and 1 more, which is not part of", True)

    def test_what_is_put_there_during_the_work_is_kept(self):
        with (
            self.assertRaisesRegex(ExportError, "holds no output"),
            new_folder(self.path, overwrite=True, kind=OUTPUT),
        ):
            self.path.mkdir()
            (self.path / "thesis.tex").write_text("years of work")
        self.assertTrue((self.path / "thesis.tex").exists())

    def test_folder_made_before_there_were_markers(self):
        earlier = FolderKind("output", OUTPUT.own, lambda path: (path / "report.json").exists())
        self.path.mkdir()
        (self.path / "report.json").write_text("old")
        (self.path / "notes.txt").write_text("mine")
        with self.assertRaisesRegex(ExportError, "also holds 'notes.txt'"):
            self._write("new", overwrite=True, kind=earlier)
        (self.path / "notes.txt").unlink()
        self._write("new", overwrite=True, kind=earlier)
        self.assertTrue(is_kind(self.path, OUTPUT))

    def test_damaged_marker_allows_nothing(self):
        for damaged in ("", "[1]", '{"kind": "run"}', "[" * 100_000):
            with self.subTest(damaged[:20]):
                self.path.mkdir(exist_ok=True)
                (self.path / MARKER).write_text(damaged)
                self._refused("out (is not empty and )?holds", overwrite=True)

    def test_symbolic_link_stays_one(self):
        target = self.parent / "elsewhere"
        target.mkdir()
        mark(target, OUTPUT)
        self.path.symlink_to(target)
        self.addCleanup(self.path.unlink)
        self._write("new", overwrite=True)
        self.assertTrue(self.path.is_symlink())
        self.assertEqual((target / "report.json").read_text(), "new")

    def test_takes_an_empty_folder(self):
        self.path.mkdir()
        self._write("new")
        self.assertEqual((self.path / "report.json").read_text(), "new")

    def test_what_a_killed_process_left_is_removed(self):
        with new_folder(self.path, overwrite=False, kind=OUTPUT) as busy:
            killed, mine = self.parent / ".out.killed12", self.parent / ".out.mine"
            killed.mkdir()
            mark(killed, OUTPUT)
            mine.mkdir()
            # A second process writes the same folder at the same time.
            with new_folder(self.path, overwrite=False, kind=OUTPUT):
                self.assertTrue(busy.exists())
                self.assertFalse(killed.exists())
                self.assertTrue(mine.exists())
            shutil.rmtree(self.path)

    def test_killed_between_the_renames_the_old_folder_is_put_back(self):
        self._write("old")
        program = """
import os, pathlib, signal, sys
from tflite_export.common.folders import FolderKind, new_folder

OUTPUT = FolderKind("output", own=("report.json", "part*"))
rename, renamed = pathlib.Path.rename, []

def killed_at_the_second(self, target):
    if renamed:
        os.kill(os.getpid(), signal.SIGKILL)
    renamed.append(self)
    return rename(self, target)

pathlib.Path.rename = killed_at_the_second
with new_folder(pathlib.Path(sys.argv[1]), overwrite=True, kind=OUTPUT) as new:
    (new / "report.json").write_text("new")
"""
        done = subprocess.run([sys.executable, "-c", program, str(self.path)], check=False)
        self.assertEqual(done.returncode, -signal.SIGKILL)
        self.assertFalse(self.path.exists())
        # The next attempt fails, too: what was there once is still there.
        with self.assertRaises(KeyError), new_folder(self.path, overwrite=True, kind=OUTPUT):
            raise KeyError
        self.assertEqual((self.path / "report.json").read_text(), "old")
        self._write("new", overwrite=True)
        self.assertEqual((self.path / "report.json").read_text(), "new")
        self.assertEqual(os.listdir(self.parent), ["out"])

    def test_what_was_moved_aside_is_put_back_or_deleted(self):
        self._write("old")
        self.path.rename(self.parent / ".lost.old.87654321")
        self._write("new")
        shutil.copytree(self.path, self.parent / ".out.old.12345678")
        # Killed before the old one was moved there; somebody else's; of another kind.
        (self.parent / ".out.old.empty").mkdir()
        (self.parent / ".mine.old.b").mkdir()
        (self.parent / ".mine.old.b" / "thesis.tex").write_text("years of work")
        mark(self.parent / ".mine.old.b", FolderKind("run", own=()))
        tidy(self.parent, OUTPUT)
        self.assertCountEqual(os.listdir(self.parent), ["out", "lost", ".mine.old.b"])
        self.assertEqual((self.path / "report.json").read_text(), "new")
        self.assertEqual((self.parent / "lost" / "report.json").read_text(), "old")

    def test_what_a_kill_leaves_of_a_deleted_folder_can_be_told(self):
        self._write("new")
        aside = self.parent / ".out.old.12345678"
        shutil.copytree(self.path, aside)
        (aside / "part1").mkdir()
        left = []

        def killed(folder: pathlib.Path, **ignored: bool) -> None:
            left.append(sorted(os.listdir(folder)))
            os.rmdir(folder) if not left[-1] else None

        with mock.patch.object(shutil, "rmtree", killed):
            tidy(self.parent, OUTPUT)
        self.assertEqual(left, [[], [MARKER]])

    def test_path_is_a_file(self):
        self.path.write_text("a file")
        self._refused("is a file; name a folder", overwrite=True)

    def test_parent_is_a_file(self):
        self.parent.joinpath("file").write_text("")
        self.path = self.parent / "file" / "out"
        self._refused("file is a file; name a folder that is not below one")


if __name__ == "__main__":
    tf.test.main()
