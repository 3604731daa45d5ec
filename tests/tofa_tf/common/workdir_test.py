import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import tensorflow as tf

from tests.tofa_tf.locks import is_free
from tflite_export.common.folders import FolderKind, new_folder
from tofa_tf.common.errors import UserError
from tofa_tf.common.files import read_json
from tofa_tf.common.workdir import close_workdir, open_workdir, reserved, tidy_workdir

CONFIG = {
    "dataset": "digits",
    "labels_per_class": 5,
    "search_space": "mcu",
    "train": {"steps": 3},
}
OTHER = {**CONFIG, "dataset": "flowers"}
EXPORT = FolderKind("export", own=("*",))

_LOCK_AND_WAIT = """
import fcntl, os, sys, time
file = open(sys.argv[1], "r+")
fcntl.flock(file, fcntl.LOCK_EX)
os.pwrite(file.fileno(), str(os.getpid()).encode(), 0)
print("locked", flush=True)
time.sleep(600)
"""


class WorkdirTest(tf.test.TestCase):
    def setUp(self):
        super().setUp()
        self.root = Path(self.get_temp_dir()) / self.id()

    def _lock_elsewhere(self, folder: Path) -> subprocess.Popen:
        """Another process that works in the folder."""
        process = subprocess.Popen(
            [sys.executable, "-c", _LOCK_AND_WAIT, folder / ".tofa.lock"], stdout=subprocess.PIPE
        )
        self.addCleanup(process.kill)
        self.assertEqual(process.stdout.readline(), b"locked\n")
        return process

    def test_new_folder_remembers_its_run_and_can_be_opened_again(self):
        folder = open_workdir(self.root / "a", CONFIG, overwrite=False)
        (folder / "checkpoint.npz").write_text("state")
        self.assertEqual(open_workdir(folder, CONFIG, overwrite=False), folder)
        self.assertTrue((folder / "checkpoint.npz").exists())

    def test_another_run_is_refused_and_deleted_only_when_asked(self):
        folder = open_workdir(self.root / "a", CONFIG, overwrite=False)
        (folder / "checkpoint.npz").write_text("state")
        with self.assertRaisesRegex(UserError, r"\(train.steps is 3 there, 4 here\)"):
            open_workdir(folder, {**CONFIG, "train": {"steps": 4}}, overwrite=False)
        with self.assertRaisesRegex(UserError, "dataset is 'digits' there, 'flowers' here"):
            open_workdir(folder, OTHER, overwrite=False)
        self.assertTrue((folder / "checkpoint.npz").exists())
        open_workdir(folder, OTHER, overwrite=True)
        self.assertFalse((folder / "checkpoint.npz").exists())
        self.assertEqual(read_json(folder / "config.json"), OTHER)

    def test_overwrite_keeps_an_equal_run(self):
        folder = open_workdir(self.root / "a", CONFIG, overwrite=False)
        (folder / "checkpoint.npz").write_text("state")
        open_workdir(folder, CONFIG, overwrite=True)
        self.assertTrue((folder / "checkpoint.npz").exists())

    def test_foreign_files_are_never_touched(self):
        self.root.mkdir(parents=True)
        (self.root / "thesis.tex").write_text("years of work")
        # Many programs have a file of this name.
        (self.root / "config.json").write_text('{"dataset": "thesis"}')
        before = sorted(self.root.rglob("*"))
        with self.assertRaisesRegex(UserError, "not empty and holds no run"):
            open_workdir(self.root, CONFIG, overwrite=True)
        self.assertEqual(sorted(self.root.rglob("*")), before)

    def test_an_export_is_never_taken_for_a_run(self):
        with new_folder(self.root, overwrite=False, kind=EXPORT) as folder:
            (folder / "config.json").write_text(json.dumps(CONFIG))
        with self.assertRaisesRegex(UserError, "holds an export, not a run"):
            open_workdir(self.root, OTHER, overwrite=True)
        self.assertTrue((self.root / "config.json").exists())

    def test_what_was_added_by_hand_is_not_deleted(self):
        folder = open_workdir(self.root / "a", CONFIG, overwrite=False)
        (folder / "checkpoint.npz").write_text("state")
        (folder / "photos").mkdir()
        with self.assertRaisesRegex(UserError, "also holds 'photos', which is not part of a run"):
            open_workdir(folder, OTHER, overwrite=True)
        self.assertTrue((folder / "checkpoint.npz").exists())
        self.assertTrue((folder / "photos").exists())
        # It does not hinder the run itself.
        open_workdir(folder, CONFIG, overwrite=False)

    def test_run_made_before_there_were_markers(self):
        folder = open_workdir(self.root / "a", CONFIG, overwrite=False)
        (folder / ".tofa.json").unlink()
        (folder / "scenarios").mkdir()
        open_workdir(folder, CONFIG, overwrite=False)
        (folder / ".tofa.json").unlink()
        open_workdir(folder, OTHER, overwrite=True)
        self.assertFalse((folder / "scenarios").exists())

    def test_tidying_leaves_what_another_process_is_writing(self):
        folder = open_workdir(self.root / "a", CONFIG, overwrite=False)
        close_workdir(folder)
        leftover, config = folder / ".123.accuracy.png", folder / "config.json"
        leftover.write_text("half of it")
        tidy_workdir(folder)
        self.assertFalse(leftover.exists())
        self.assertTrue(config.exists())
        self.assertTrue(is_free(folder))
        leftover.write_text("half of it")
        self._lock_elsewhere(folder)
        tidy_workdir(folder)
        self.assertTrue(leftover.exists())

    def test_symbolic_link_as_folder(self):
        target = open_workdir(self.root / "a", CONFIG, overwrite=False)
        (target / "scenarios").mkdir()
        link = self.root / "link"
        link.symlink_to(target)
        self.addCleanup(link.unlink)
        (target / "tensorboard").symlink_to(self.root)
        open_workdir(link, OTHER, overwrite=True)
        self.assertTrue(link.is_symlink())
        self.assertEqual(read_json(target / "config.json"), OTHER)
        self.assertFalse((target / "tensorboard").is_symlink())
        self.assertTrue(target.exists())

    def test_interrupted_deletion_is_not_taken_for_the_old_run(self):
        folder = open_workdir(self.root / "a", CONFIG, overwrite=False)
        (folder / "supernet.weights.h5").write_text("of the old run")
        (folder / "config.json").unlink()
        with self.assertRaisesRegex(UserError, "its config.json is missing"):
            open_workdir(folder, CONFIG, overwrite=False)
        open_workdir(folder, CONFIG, overwrite=True)
        self.assertFalse((folder / "supernet.weights.h5").exists())

    def test_interrupted_beginning_is_begun_again(self):
        self.root.mkdir(parents=True)
        for name in (".tofa.lock", ".123.tofa.json", ".123.config.json"):
            (self.root / name).write_text("")
        open_workdir(self.root, CONFIG, overwrite=False)
        self.assertEqual(read_json(self.root / "config.json"), CONFIG)
        names = [path.name for path in self.root.iterdir()]
        self.assertCountEqual(names, [".tofa.lock", ".tofa.json", "config.json"])

    def test_second_process_is_refused_until_the_first_ends(self):
        folder = open_workdir(self.root / "a", CONFIG, overwrite=False)
        (folder / "checkpoint.npz").write_text("state")
        close_workdir(folder)
        first = self._lock_elsewhere(folder)
        for config in (CONFIG, OTHER):
            with self.assertRaisesRegex(
                UserError, rf"another process \(number {first.pid}\) works in .*a: wait until"
            ):
                open_workdir(folder, config, overwrite=True)
        self.assertTrue((folder / "checkpoint.npz").exists())
        first.kill()
        first.wait()
        open_workdir(folder, CONFIG, overwrite=False)

    def test_a_run_that_is_there_can_be_reserved_before_it_is_opened(self):
        new, folder = self.root / "new", open_workdir(self.root / "a", CONFIG, overwrite=False)
        close_workdir(folder)
        with self.assertRaisesRegex(ValueError, "images"), reserved(folder):
            self.assertFalse(is_free(folder))
            raise ValueError("no images")
        self.assertTrue(is_free(folder))
        with reserved(folder), reserved(new), reserved(None):
            open_workdir(folder, CONFIG, overwrite=False)
        self.assertFalse(new.exists())
        self.assertFalse(is_free(folder))
        close_workdir(folder)
        other = self._lock_elsewhere(folder)
        with self.assertRaisesRegex(UserError, rf"\(number {other.pid}\) works"), reserved(folder):
            self.fail("it is another process's")

    def test_folder_is_locked_until_it_is_closed(self):
        folder = open_workdir(self.root / "a", CONFIG, overwrite=False)
        open_workdir(folder, CONFIG, overwrite=False)
        with self.assertRaisesRegex(UserError, "holds another run"):
            open_workdir(folder, OTHER, overwrite=False)
        # The refusal has not given the folder away.
        self.assertFalse(is_free(folder))
        close_workdir(folder)
        self.assertTrue(is_free(folder))
        with self.assertRaisesRegex(UserError, "holds another run"):
            open_workdir(folder, OTHER, overwrite=False)
        self.assertTrue(is_free(folder))

    def test_folder_deleted_by_hand_is_made_and_locked_again(self):
        folder = open_workdir(self.root / "a", CONFIG, overwrite=False)
        shutil.rmtree(folder)
        open_workdir(folder, OTHER, overwrite=False)
        self.assertEqual(read_json(folder / "config.json"), OTHER)
        self.assertFalse(is_free(folder))

    def test_unusable_paths_are_named(self):
        with self.assertRaisesRegex(UserError, "no workdir given"):
            open_workdir("", CONFIG, overwrite=False)
        self.root.parent.mkdir(parents=True, exist_ok=True)
        self.root.write_text("a file")
        with self.assertRaisesRegex(UserError, "is a file"):
            open_workdir(self.root, CONFIG, overwrite=False)
        with self.assertRaisesRegex(UserError, "cannot use"):
            open_workdir(self.root / "below", CONFIG, overwrite=False)

    def test_unwritable_folder_is_named(self):
        if os.geteuid() == 0:
            self.skipTest("permissions do not bind the superuser")
        self.root.mkdir(parents=True)
        self.root.chmod(0o500)
        with self.assertRaisesRegex(UserError, "cannot use"):
            open_workdir(self.root / "a", CONFIG, overwrite=False)

    def test_damaged_config_is_named(self):
        folder = open_workdir(self.root / "a", CONFIG, overwrite=False)
        (folder / "config.json").write_text("{")
        with self.assertRaisesRegex(UserError, "config.json is damaged"):
            open_workdir(folder, CONFIG, overwrite=False)
        open_workdir(folder, CONFIG, overwrite=True)
        self.assertEqual(read_json(folder / "config.json"), CONFIG)


if __name__ == "__main__":
    tf.test.main()
