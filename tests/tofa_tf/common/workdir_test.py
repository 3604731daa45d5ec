import json
import os
from pathlib import Path

import tensorflow as tf

from tofa_tf.common.errors import UserError
from tofa_tf.common.files import read_json, replacing, write_json
from tofa_tf.common.workdir import open_workdir
from tofa_tf.training.metrics_log import drop_lines_from

CONFIG = {"dataset": "digits", "train": {"steps": 3}}


class WorkdirTest(tf.test.TestCase):
    def setUp(self):
        super().setUp()
        self.root = Path(self.get_temp_dir()) / self.id()

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
        other = {**CONFIG, "dataset": "flowers"}
        with self.assertRaisesRegex(UserError, "dataset is 'digits' there, 'flowers' here"):
            open_workdir(folder, other, overwrite=False)
        self.assertTrue((folder / "checkpoint.npz").exists())
        open_workdir(folder, other, overwrite=True)
        self.assertFalse((folder / "checkpoint.npz").exists())
        self.assertEqual(read_json(folder / "config.json"), other)

    def test_overwrite_keeps_an_equal_run(self):
        folder = open_workdir(self.root / "a", CONFIG, overwrite=False)
        (folder / "checkpoint.npz").write_text("state")
        open_workdir(folder, CONFIG, overwrite=True)
        self.assertTrue((folder / "checkpoint.npz").exists())

    def test_foreign_files_are_never_touched(self):
        self.root.mkdir(parents=True)
        (self.root / "thesis.tex").write_text("years of work")
        with self.assertRaisesRegex(UserError, "not empty and holds no run"):
            open_workdir(self.root, CONFIG, overwrite=True)
        self.assertTrue((self.root / "thesis.tex").exists())

    def test_unusable_paths_are_named(self):
        with self.assertRaisesRegex(UserError, "--workdir"):
            open_workdir("", CONFIG, overwrite=False)
        self.root.parent.mkdir(parents=True, exist_ok=True)
        self.root.write_text("a file")
        with self.assertRaisesRegex(UserError, "is a file"):
            open_workdir(self.root, CONFIG, overwrite=False)
        with self.assertRaisesRegex(UserError, "cannot write"):
            open_workdir(self.root / "below", CONFIG, overwrite=False)

    def test_unwritable_folder_is_named(self):
        if os.geteuid() == 0:
            self.skipTest("permissions do not bind the superuser")
        self.root.mkdir(parents=True)
        self.root.chmod(0o500)
        with self.assertRaisesRegex(UserError, "cannot write"):
            open_workdir(self.root / "a", CONFIG, overwrite=False)

    def test_damaged_config_is_named(self):
        folder = open_workdir(self.root / "a", CONFIG, overwrite=False)
        (folder / "config.json").write_text("{")
        with self.assertRaisesRegex(UserError, "config.json is damaged"):
            open_workdir(folder, CONFIG, overwrite=False)


class FilesTest(tf.test.TestCase):
    def test_a_failed_write_leaves_the_old_file_and_no_rest(self):
        folder = Path(self.get_temp_dir()) / "files"
        write_json(folder / "a.json", {"old": 1})
        with self.assertRaises(ZeroDivisionError), replacing(folder / "a.json") as temporary:
            temporary.write_text("half of the new")
            raise ZeroDivisionError
        self.assertEqual(read_json(folder / "a.json"), {"old": 1})
        self.assertEqual([path.name for path in folder.iterdir()], ["a.json"])

    def test_records_from_a_step_on_and_half_lines_are_dropped(self):
        path = Path(self.get_temp_dir()) / "log.jsonl"
        lines = [json.dumps({"step": step}) for step in range(5)]
        path.write_text("\n".join(lines) + '\n{"step": 5, "lo')
        drop_lines_from(path, 3)
        self.assertEqual(path.read_text(), "\n".join(lines[:3]) + "\n")


if __name__ == "__main__":
    tf.test.main()
