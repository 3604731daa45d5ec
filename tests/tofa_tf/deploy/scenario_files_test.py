import hashlib
import os
import tempfile
from pathlib import Path

from absl.testing import absltest

from tofa_tf.deploy.scenario_files import changed_file, hashes_of


class ScenarioFilesTest(absltest.TestCase):
    def setUp(self):
        super().setUp()
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        for name in ("labels.txt", "arch.json", "scenario.json", "report.json", ".tmp"):
            (self.folder / name).write_text(name)
        (self.folder / "model_int8.tflite").write_bytes(b"TFL3")
        (self.folder / "firmware").mkdir()
        self.hashes = hashes_of(self.folder)

    def test_model_records_and_folders_have_none(self):
        expected = {
            name: hashlib.sha256(name.encode()).hexdigest() for name in ("arch.json", "labels.txt")
        }
        self.assertEqual(self.hashes, expected)

    def test_nothing_is_changed_by_files_beside(self):
        (self.folder / "notes.txt").write_text("mine")
        (self.folder / "report.json").write_text("other times")
        self.assertEqual(changed_file(self.folder, self.hashes), "")

    def test_what_is_changed_or_missing_is_named(self):
        (self.folder / "labels.txt").write_text("dog")
        self.assertEqual(changed_file(self.folder, self.hashes), "labels.txt")
        os.unlink(self.folder / "arch.json")
        self.assertEqual(changed_file(self.folder, self.hashes), "arch.json")

    def test_names_that_lead_elsewhere_are_not_read(self):
        for name in ("/dev/zero", "../labels.txt", "firmware"):
            self.assertEqual(changed_file(self.folder, {name: ""}), name)


if __name__ == "__main__":
    absltest.main()
