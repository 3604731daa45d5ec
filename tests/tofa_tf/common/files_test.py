import os
import subprocess
import sys
from pathlib import Path

import tensorflow as tf

from tofa_tf.common.errors import UserError
from tofa_tf.common.files import (
    append_line,
    read_json,
    remove_leftovers,
    replacing,
    write_json,
    write_text,
)


class FilesTest(tf.test.TestCase):
    def setUp(self):
        super().setUp()
        self.folder = Path(self.get_temp_dir()) / "files"

    def test_a_failed_write_leaves_the_old_file_and_no_rest(self):
        write_json(self.folder / "a.json", {"old": 1})
        with self.assertRaises(ZeroDivisionError), replacing(self.folder / "a.json") as temporary:
            temporary.write_text("half of the new")
            raise ZeroDivisionError
        self.assertEqual(read_json(self.folder / "a.json"), {"old": 1})
        self.assertEqual([path.name for path in self.folder.iterdir()], ["a.json"])

    def test_leftovers_of_killed_processes_go_and_nothing_else(self):
        inner = self.folder / "scenarios" / "a"
        inner.mkdir(parents=True)
        kept = [self.folder / ".tofa.json", inner / "x.json", inner / ".1password", inner / ".7a.b"]
        for path in (*kept, self.folder / ".4711.checkpoint.npz", inner / ".12.scenario.json"):
            path.write_text("half")
        remove_leftovers(self.folder)
        self.assertCountEqual((p for p in self.folder.rglob("*") if p.is_file()), kept)

    def test_what_is_no_text_is_written_as_its_escape_sequence(self):
        name = os.fsdecode(b"caf\xe9 \xc2\xb1")
        write_text(self.folder / "a.md", name)
        self.assertEqual((self.folder / "a.md").read_bytes(), b"caf\\udce9 \xc2\xb1")
        write_json(self.folder / "a.json", {"name": name})
        self.assertEqual(read_json(self.folder / "a.json"), {"name": name})

    def test_files_are_utf_8_whatever_the_locale(self):
        script = (
            "import sys; from tofa_tf.common.files import write_text; "
            "write_text(sys.argv[1], '450 ms \\xb1 35%')"
        )
        path = self.folder / "plus_minus.md"
        ascii_locale = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
        subprocess.run(
            [sys.executable, "-c", script, str(path)], env=os.environ | ascii_locale, check=True
        )
        self.assertEqual(path.read_text(encoding="utf-8"), "450 ms ± 35%")

    def test_lines_are_appended(self):
        self.folder.mkdir()
        for line in ("one", "zwei ±"):
            append_line(self.folder / "a.log", line)
        self.assertEqual((self.folder / "a.log").read_text(encoding="utf-8"), "one\nzwei ±\n")

    def test_a_full_disk_is_one_line(self):
        # Linux has a device for this very case.
        with self.assertRaisesRegex(UserError, "^cannot write /dev/full: No space left on device$"):
            append_line("/dev/full", "one")
        self.folder.mkdir()
        (self.folder / "file").write_text("")
        with self.assertRaisesRegex(UserError, "^cannot write .*: Not a directory$"):
            append_line(self.folder / "file" / "a.log", "one")

    def test_damaged_json_is_named(self):
        path = self.folder / "a.json"
        for content in (b"{", b"\xff", b"[" * 100_000):
            self.folder.mkdir(exist_ok=True)
            path.write_bytes(content)
            with self.assertRaisesRegex(UserError, f"{path} is damaged: it is not JSON"):
                read_json(path)


if __name__ == "__main__":
    tf.test.main()
